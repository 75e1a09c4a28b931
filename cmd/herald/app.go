package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

func newAppCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app",
		Short: "Create and list apps, the tenants of Herald, and set their plans",
	}
	var name string
	var plan int64
	var unpin bool
	create := &cobra.Command{
		Use:   "create",
		Short: "Create an app and print its key and secret",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkPlan(plan); err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, _ config, db *store.Store) error {
				app, err := db.CreateApp(ctx, name)
				if err == nil && cmd.Flags().Changed("mau-plan") {
					err = db.SetPlan(ctx, name, &plan, true)
				}
				if err != nil {
					return err
				}
				return printApp(cmd, app)
			})
		},
	}
	ensure := &cobra.Command{
		Use:   "ensure",
		Short: "Create an app if there is none of its name, with HERALD_API_KEY and HERALD_API_SECRET where they are set",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, cfg config, db *store.Store) error {
				app, err := db.EnsureApp(ctx, name, cfg.APIKey, cfg.APISecret)
				if err != nil {
					return err
				}
				return printApp(cmd, app)
			})
		},
	}
	setPlan := &cobra.Command{
		Use:   "plan",
		Short: "Set how many campaign messages an app has a month, or let it decide itself",
		Long: `Set the mau_plan of an app: it may then send three campaign messages a month for each of these users, or any number with 0,
and cannot change that itself. --unpin lets the app set its plan by the API again, as it can from the beginning.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkPlan(plan); err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, _ config, db *store.Store) error {
				if unpin {
					return db.SetPlan(ctx, name, nil, false)
				}
				return db.SetPlan(ctx, name, &plan, true)
			})
		},
	}
	setPlan.Flags().BoolVar(&unpin, "unpin", false, "let the app set its plan itself")
	for _, c := range []*cobra.Command{create, setPlan} {
		c.Flags().Int64Var(&plan, "mau-plan", 0, "monthly active users; 0 is unlimited")
	}
	setPlan.MarkFlagsOneRequired("mau-plan", "unpin")
	setPlan.MarkFlagsMutuallyExclusive("mau-plan", "unpin")
	for _, c := range []*cobra.Command{create, ensure, setPlan} {
		c.Flags().StringVar(&name, "name", "default", "name of the app")
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List apps with their keys; secrets are not shown",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, _ config, db *store.Store) error {
				apps, err := db.ListApps(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "APP\tNAME\tKEY\tMAU PLAN\tCREATED")
				for _, app := range apps {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", app.PK, app.Name, app.APIKey, planOf(app), app.CreatedAt.UTC().Format("2006-01-02 15:04:05"))
				}
				return w.Flush()
			})
		},
	}
	cmd.AddCommand(create, ensure, setPlan, list)
	return cmd
}

func checkPlan(plan int64) error {
	if plan < 0 || plan > models.MaxMAUPlan {
		return fmt.Errorf("--mau-plan is %d, it must be between 0 and %d", plan, int64(models.MaxMAUPlan))
	}
	return nil
}

func planOf(app models.App) string {
	plan := "unlimited"
	if app.MAUPlan > 0 {
		plan = strconv.FormatInt(app.MAUPlan, 10)
	}
	if app.MAUPlanPinned {
		plan += ", pinned"
	}
	return plan
}

func printApp(cmd *cobra.Command, app models.App) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "app     %d (%s)\nkey     %s\nsecret  %s\n", app.PK, app.Name, app.APIKey, app.Secret)
	return err
}

func newTokenCommand() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print a token signed with HERALD_API_SECRET",
		Long:  "Print a server token, which may call everything, or with --user a token that acts as that user. It is signed with HERALD_API_SECRET.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := readConfig()
			if cfg.APISecret == "" {
				err = errors.Join(err, errors.New("HERALD_API_SECRET is not set"))
			}
			if err != nil {
				return fmt.Errorf("configuration: %w", err)
			}
			token, err := api.ServerToken(cfg.APISecret)
			if user != "" {
				token, err = api.UserToken(cfg.APISecret, user)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "id of the user the token acts as")
	return cmd
}

// withStore runs f with the database of the environment.
func withStore(ctx context.Context, f func(context.Context, config, *store.Store) error) error {
	cfg, err := readConfig()
	if cfg.DatabaseURL == "" {
		err = errors.Join(err, errors.New("HERALD_DATABASE_URL is not set"))
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	db, err := openStore(ctx, cfg, store.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer db.Close()
	return f(ctx, cfg, db)
}
