package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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
		Short: "List, watch, start, pause, resume and stop campaigns, and export their recipients",
		Long: `List, watch, start, pause, resume and stop campaigns, and export their recipients, through the API.

Without key and secret, the API of a herald dev that runs in this directory is used. All times shown are in UTC.

Exit codes: 0 done; 1 Herald refused or failed; 2 Herald could not be reached, or wrong usage; 130 interrupted. Those of
watch: 0 completed; 3 stopped; else the same.`,
		Example: `  herald campaign list --status scheduled,in_progress
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
		newCampaignExecutionCommand(), newCampaignRecipientsCommand())
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
		return campaigns.Show(cmd.OutOrStdout(), c)
	})
}

func newCampaignStartCommand() *cobra.Command {
	var f campaignFlags
	var at, stopAt string
	cmd := &cobra.Command{
		Use:   "start ID",
		Short: "Start a campaign, now or at a time",
		Long: `Start a campaign, now or at a time. A TIME is RFC 3339 with its zone, such as 2030-11-24T09:00:00Z, or a duration from now,
such as 2h or 1h30m; both must lie ahead.

On a campaign that is scheduled already, start sets both times anew: without --at it starts now, without --stop-at it does
not stop by itself.`,
		Example: `  herald campaign start spring-sale
  herald campaign start spring-sale --at 2h --stop-at 26h
  herald campaign start spring-sale --at 2030-11-24T09:00:00+01:00`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&at, "at", "", "`TIME` to start at; now by default")
	cmd.Flags().StringVar(&stopAt, "stop-at", "", "`TIME` to stop at, whoever has not got the message by then; never by default")
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		var s client.Start
		now := time.Now()
		for _, flag := range []struct {
			name, text string
			to         **time.Time
		}{{"at", at, &s.ScheduledFor}, {"stop-at", stopAt, &s.StopAt}} {
			if !cmd.Flags().Changed(flag.name) {
				continue
			}
			t, err := campaigns.Moment(flag.text, now)
			if err != nil {
				return wrongUsage{fmt.Errorf("--%s: %w", flag.name, err)}
			}
			*flag.to = &t
		}
		c, err := api.StartCampaign(cmd.Context(), args[0], s)
		var refused *client.Error
		if err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("%w; whether it was started, herald campaign get says", err)
		}
		return showMoved(cmd, &f, c, err)
	})
}

func newCampaignPauseCommand() *cobra.Command {
	var f campaignFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "pause ID",
		Short: "Pause a campaign: once this is done, nothing more is sent until it is resumed",
		Example: `  herald campaign pause spring-sale
  herald campaign pause spring-sale --reason "a typo"`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&reason, "reason", "", fmt.Sprintf("shown to everybody who looks, at most %d characters", models.MaxPauseReasonLength))
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		c, err := api.PauseCampaign(cmd.Context(), args[0], reason)
		if err == nil && reason != "" && c.PauseReason != reason {
			fmt.Fprintln(os.Stderr, "herald: it was paused before, and keeps the reason it had")
		}
		return showMoved(cmd, &f, c, err)
	})
}

// newCampaignMoveCommand is a command that takes nothing but the campaign.
func newCampaignMoveCommand(verb, short string, move func(*client.Client, context.Context, string) (client.Campaign, error)) *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:     verb + " ID",
		Short:   short,
		Example: "  herald campaign " + verb + " spring-sale",
		Args:    cobra.ExactArgs(1),
	}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		c, err := move(api, cmd.Context(), args[0])
		return showMoved(cmd, &f, c, err)
	})
}

// showMoved says how a campaign stands after something was done to it.
func showMoved(cmd *cobra.Command, f *campaignFlags, c client.Campaign, err error) error {
	if err != nil {
		return err
	}
	if f.json() {
		return campaigns.JSON(cmd.OutOrStdout(), c.JSON)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), campaigns.Line(c))
	return err
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
