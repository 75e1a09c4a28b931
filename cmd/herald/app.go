package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

func newAppCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "app",
		Short: "Create and list apps, the tenants of Herald",
	}
	var name string
	create := &cobra.Command{
		Use:   "create",
		Short: "Create an app and print its key and secret",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, _ config, db *store.Store) error {
				app, err := db.CreateApp(ctx, name)
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
	for _, c := range []*cobra.Command{create, ensure} {
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
				fmt.Fprintln(w, "APP\tNAME\tKEY\tCREATED")
				for _, app := range apps {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", app.PK, app.Name, app.APIKey, app.CreatedAt.UTC().Format("2006-01-02 15:04:05"))
				}
				return w.Flush()
			})
		},
	}
	cmd.AddCommand(create, ensure, list)
	return cmd
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
