package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
)

func newHooksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hooks",
		Short: "List webhooks and the events that they did not take, and send these again",
		Long: `List webhooks and the events that they did not take, and send these again, through the API. The app sets its hooks itself, by
PATCH /app. Flags and exit codes are those of herald campaign.`,
		Example: `  herald hooks list
  herald hooks failures --hook legacy
  herald hooks replay --hook legacy --all`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return campaignExit(wrongUsage{fmt.Errorf("there is no command %q", args[0])})
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return campaignExit(wrongUsage{err}) })
	cmd.AddCommand(newHooksListCommand(), newHooksFailuresCommand(), newHooksReplayCommand())
	return cmd
}

func newHooksListCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{Use: "list", Short: "List the app's hooks", Args: cobra.NoArgs}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, _ []string) error {
		hooks, err := api.Hooks(cmd.Context())
		if err != nil {
			return err
		}
		if f.json() {
			return campaigns.JSONOf(cmd.OutOrStdout(), append([]client.Hook{}, hooks...))
		}
		return campaigns.Hooks(cmd.OutOrStdout(), hooks)
	})
}

func newHooksFailuresCommand() *cobra.Command {
	var f campaignFlags
	var hook string
	var limit int
	cmd := &cobra.Command{
		Use:   "failures",
		Short: "List events that were given up, the newest first; they are kept for 30 days",
		Example: `  herald hooks failures --limit 100
  herald hooks failures --hook legacy -o json | jq '.[].event'`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&hook, "hook", "", "only those of the hook with this `ID`")
	cmd.Flags().IntVar(&limit, "limit", defaultListed, "most failures to list")
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, _ []string) error {
		if limit < 1 {
			return wrongUsage{fmt.Errorf("--limit is %d, it must be 1 or more", limit)}
		}
		var list []client.HookFailure
		q := client.HookFailureQuery{HookID: hook}
		for more := true; more && len(list) < limit; {
			q.Limit = min(client.MaxHookFailuresPerPage, limit-len(list))
			page, err := api.HookFailures(cmd.Context(), q)
			if err != nil {
				return err
			}
			list, q.Next, more = append(list, page.Failures...), page.Next, page.Next != ""
		}
		if q.Next != "" {
			fmt.Fprintf(os.Stderr, "herald: there are more than these %d; --limit shows them\n", len(list))
		}
		if !f.json() {
			return campaigns.HookFailures(cmd.OutOrStdout(), list)
		}
		objects := make([]json.RawMessage, len(list))
		for i, failure := range list {
			objects[i] = failure.JSON
		}
		return campaigns.JSONOf(cmd.OutOrStdout(), objects)
	})
}

func newHooksReplayCommand() *cobra.Command {
	var f campaignFlags
	var hook string
	var all bool
	cmd := &cobra.Command{
		Use:   "replay [ID...]",
		Short: "Send events again that were given up: those named, or all",
		Long: `Send events again that were given up: those named, or all. They are sent as they were, with the id they had, and in no order; what is
not taken this time is tried for a day again. Events of a hook that is gone stay.`,
		Example: `  herald hooks replay 7f0f5a0e-59a5-4f0e-9d6f-1d7f3f0c2b11
  herald hooks replay --hook legacy --all`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.Flags().StringVar(&hook, "hook", "", "only those of the hook with this `ID`")
	cmd.Flags().BoolVar(&all, "all", false, "all there are")
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, ids []string) error {
		if all == (len(ids) > 0) {
			return wrongUsage{errors.New("either ids or --all must be given")}
		}
		if len(ids) > client.MaxReplayedPerCall {
			return wrongUsage{fmt.Errorf("%d ids are given, at most %d are taken", len(ids), client.MaxReplayedPerCall)}
		}
		replayed := 0
		for more := true; more; {
			n, err := api.ReplayHookFailures(cmd.Context(), hook, ids)
			if err != nil {
				return err
			}
			replayed += n
			more = all && n == client.MaxReplayedPerCall
		}
		if f.json() {
			return campaigns.JSONOf(cmd.OutOrStdout(), map[string]int{"replayed": replayed})
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d sent again\n", replayed)
		return err
	})
}
