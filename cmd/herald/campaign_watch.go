package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
	"herald/internal/progress"
	"herald/models"
)

// quickestWatch keeps a watcher from being a load.
const quickestWatch = 100 * time.Millisecond

func newCampaignWatchCommand() *cobra.Command {
	var f campaignFlags
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "watch ID",
		Short: "Watch a campaign until it ends or Ctrl-C",
		Long: `Watch a campaign until it ends or Ctrl-C. On a terminal a bar moves, elsewhere every change is a line; with -o json every
change is the API's object on a line. The campaign need not have been started yet. Ctrl-C ends the watching, not the campaign.

Exit codes: 0 the campaign is completed; 3 it was stopped; 1 Herald refused or failed; 2 Herald could not be reached, or
wrong usage; 130 interrupted.`,
		Example: `  herald campaign watch spring-sale
  herald campaign watch spring-sale && echo "everybody has it"
  herald campaign watch spring-sale --every 1m >> spring-sale.log`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().DurationVar(&every, "every", time.Second, "how often to look")
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		if every < quickestWatch {
			return wrongUsage{fmt.Errorf("--every is %s, it must be %s or more", every, quickestWatch)}
		}
		c, err := campaigns.Watching{
			API: api, ID: args[0], Every: every, Out: cmd.OutOrStdout(), Bar: progress.IsTerminal(os.Stdout), JSON: f.json(),
		}.Watch(cmd.Context())
		switch {
		case err != nil:
			return err
		case c.Status == string(models.StatusStopped):
			return exitStopped
		}
		return nil
	})
}
