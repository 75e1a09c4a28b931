package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
	"herald/models"
)

// Exit codes of campaign, beside 0.
const (
	exitRefused     exitCode = 1
	exitNoAnswer    exitCode = 2
	exitStopped     exitCode = 3
	exitInterrupted exitCode = 130 // what shells give a command that Ctrl-C ended
)

const defaultListed = 30

// wrongUsage is an error in what was typed.
type wrongUsage struct{ error }

// campaignFlags are those of every campaign command.
type campaignFlags struct {
	api     apiFlags
	output  string
	outputs []string // what output may be; table and json when empty
}

func (f *campaignFlags) json() bool { return f.output == "json" }

func newCampaignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "List, watch, preview, test, start, pause, resume and stop campaigns, and export their recipients",
		Long: `List, watch, preview, test, start, pause, resume and stop campaigns, and export their recipients, through the API.

Without key and secret, the API of a herald dev that runs in this directory is used. All times shown are in UTC.

Exit codes: 0 done; 1 Herald refused or failed; 2 Herald could not be reached, or wrong usage; 130 interrupted. Those of
watch: 0 completed; 3 stopped; else the same.`,
		Example: `  herald campaign list --status scheduled,in_progress
  herald campaign preview spring-sale --user ann,bob
  herald campaign start spring-sale --at 2h --stop-at 2030-11-24T09:00:00Z
  herald campaign pause spring-sale --reason "a typo"
  herald campaign watch spring-sale
  herald campaign recipients spring-sale --format csv > spring-sale.csv`,
		// Without these a mistyped command prints the help and succeeds.
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return campaignExit(wrongUsage{fmt.Errorf("there is no command %q", args[0])})
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return campaignExit(wrongUsage{err}) })
	cmd.AddCommand(newCampaignListCommand(), newCampaignGetCommand(), newCampaignWatchCommand(), newCampaignStartCommand(), newCampaignPauseCommand(),
		newCampaignMoveCommand("resume", "Let a paused campaign go on where it was; one that is not paused stays as it is", (*client.Client).ResumeCampaign),
		newCampaignMoveCommand("stop", "Stop a campaign for good, without asking; one that has ended stays as it is", (*client.Client).StopCampaign),
		newCampaignMovesCommand(), newCampaignExecutionCommand(), newCampaignRecipientsCommand(),
		newCampaignPreviewCommand(), newCampaignTestCommand(), newCampaignAudienceCommand())
	return cmd
}

// campaignCommand completes a command: its flags, and run called with the API.
func campaignCommand(cmd *cobra.Command, f *campaignFlags, run func(cmd *cobra.Command, api *client.Client, args []string) error) *cobra.Command {
	if len(f.outputs) == 0 {
		f.outputs = []string{"table", "json"}
	}
	expected := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := expected(cmd, args); err != nil {
			return campaignExit(wrongUsage{fmt.Errorf("%w; usage: %s", err, cmd.UseLine())})
		}
		if len(args) > 0 && args[0] == "" {
			return campaignExit(wrongUsage{errors.New("the campaign's id is empty")})
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(f.outputs, f.output) {
			return campaignExit(wrongUsage{fmt.Errorf("--output is %q, it must be one of %s", f.output, strings.Join(f.outputs, ", "))})
		}
		api, err := f.api.client(cmd.Context())
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				err = wrongUsage{err} // or no Herald there, which ends the same
			}
			return campaignExit(err)
		}
		return campaignExit(run(cmd, api, args))
	}
	f.api.register(cmd)
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "table for people, or json for the API's own objects")
	return cmd
}

// campaignExit says in one line what went wrong, and only gives the exit code.
func campaignExit(err error) error {
	var code exitCode
	var refused *client.Error
	switch {
	case err == nil || errors.As(err, &code):
		return err
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(wrongUsage)):
		fmt.Fprintln(os.Stderr, "herald:", strings.Join(strings.Fields(err.Error()), " "))
		return exitNoAnswer
	case errors.As(err, &refused) && refused.Code != 0:
		fmt.Fprintln(os.Stderr, "herald:", refused.Reason())
		return exitRefused
	}
	fmt.Fprintln(os.Stderr, "herald: no answer from Herald:", strings.Join(strings.Fields(err.Error()), " "))
	return exitNoAnswer
}

func newCampaignListCommand() *cobra.Command {
	var f campaignFlags
	var statuses []string
	var limit int
	var all bool
	names := make([]string, len(models.Statuses))
	for i, s := range models.Statuses {
		names[i] = string(s)
	}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List campaigns, the newest first",
		Example: `  herald campaign list
  herald campaign list --status draft,scheduled --limit 100
  herald campaign list --all -o json | jq -r '.[].id'`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringSliceVar(&statuses, "status", nil, "only these, of "+strings.Join(names, ", "))
	cmd.Flags().IntVar(&limit, "limit", defaultListed, "most campaigns to list")
	cmd.Flags().BoolVar(&all, "all", false, "list all, however many there are")
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, _ []string) error {
		for _, s := range statuses {
			if !slices.Contains(names, s) {
				return wrongUsage{fmt.Errorf("--status %q is none of %s", s, strings.Join(names, ", "))}
			}
		}
		if all && cmd.Flags().Changed("limit") {
			return wrongUsage{errors.New("--limit and --all exclude each other")}
		}
		if limit < 1 {
			return wrongUsage{fmt.Errorf("--limit is %d, it must be 1 or more", limit)}
		}
		if all {
			limit = 0
		}
		list, more, err := campaigns.List(cmd.Context(), api, statuses, limit)
		if err != nil {
			return err
		}
		if more {
			fmt.Fprintf(os.Stderr, "herald: there are more than these %d; --limit or --all shows them\n", len(list))
		}
		if f.json() {
			return campaigns.JSONList(cmd.OutOrStdout(), list)
		}
		return campaigns.Table(cmd.OutOrStdout(), list)
	})
}

func newCampaignGetCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show one campaign",
		Example: `  herald campaign get spring-sale
  herald campaign get spring-sale -o json | jq .stats`,
		Args: cobra.ExactArgs(1),
	}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		if f.json() {
			c, err := api.CampaignWithUsers(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return campaigns.JSON(cmd.OutOrStdout(), c.JSON)
		}
		c, err := api.Campaign(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		moves, err := api.CampaignMoves(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return campaigns.Show(cmd.OutOrStdout(), c, moves.Moves)
	})
}

func newCampaignMovesCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:   "moves ID",
		Short: "Show what was done to a campaign, by whom and why",
		Example: `  herald campaign moves spring-sale
  herald campaign moves spring-sale -o json | jq '.[] | select(.action == "pause")'`,
		Args: cobra.ExactArgs(1),
	}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		moves, err := api.CampaignMoves(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if f.json() {
			return campaigns.JSON(cmd.OutOrStdout(), moves.JSON)
		}
		return campaigns.Moves(cmd.OutOrStdout(), moves.Moves)
	})
}

func newCampaignExecutionCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:   "execution ID",
		Short: "Show how a campaign's workflow stands, and where to look at it",
		Example: `  herald campaign execution spring-sale
  herald campaign execution spring-sale -o json | jq -r .web_ui_url`,
		Args: cobra.ExactArgs(1),
	}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		e, err := api.Execution(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if f.json() {
			return campaigns.JSON(cmd.OutOrStdout(), e.JSON)
		}
		return campaigns.ShowExecution(cmd.OutOrStdout(), e)
	})
}
