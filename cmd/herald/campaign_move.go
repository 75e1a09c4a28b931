package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
	"herald/models"
)

// registerCause adds the flags that say who makes a move and why. Who it is defaults to the name of this machine's user.
func registerCause(cmd *cobra.Command, cause *client.Cause) {
	var me string
	if u, err := user.Current(); err == nil {
		me = u.Username
	}
	cmd.Flags().StringVar(&cause.Reason, "reason", "", fmt.Sprintf("kept with the campaign and shown to everybody who looks, at most %d characters", models.MaxReasonLength))
	cmd.Flags().StringVar(&cause.By, "by", me, "`NAME` of who does this, kept and shown like the reason")
}

func newCampaignStartCommand() *cobra.Command {
	var f campaignFlags
	var cause client.Cause
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
	registerCause(cmd, &cause)
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		s := client.Start{Cause: cause}
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
	var cause client.Cause
	cmd := &cobra.Command{
		Use:   "pause ID",
		Short: "Pause a campaign: once this is done, nothing more is sent until it is resumed",
		Example: `  herald campaign pause spring-sale
  herald campaign pause spring-sale --reason "a typo"`,
		Args: cobra.ExactArgs(1),
	}
	registerCause(cmd, &cause)
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		c, err := api.PauseCampaign(cmd.Context(), args[0], cause)
		if err == nil && cause.Reason != "" && c.PauseReason != cause.Reason {
			fmt.Fprintln(os.Stderr, "herald: it was paused before, and keeps the reason it had")
		}
		return showMoved(cmd, &f, c, err)
	})
}

// newCampaignMoveCommand is a command that takes nothing but the campaign and the cause.
func newCampaignMoveCommand(verb, short string, move func(*client.Client, context.Context, string, client.Cause) (client.Campaign, error)) *cobra.Command {
	var f campaignFlags
	var cause client.Cause
	cmd := &cobra.Command{
		Use:     verb + " ID",
		Short:   short,
		Example: "  herald campaign " + verb + " spring-sale\n  herald campaign " + verb + " spring-sale --reason \"ticket 4711\"",
		Args:    cobra.ExactArgs(1),
	}
	registerCause(cmd, &cause)
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		c, err := move(api, cmd.Context(), args[0], cause)
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
