package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
)

// registerTargets adds the flags that say whom a preview or a test is for.
func registerTargets(cmd *cobra.Command, t *client.Targets) {
	cmd.Flags().StringSliceVar(&t.UserIDs, "user", nil, "`IDS` of 1 to 20 users, who need not be in the audience")
	cmd.Flags().StringSliceVar(&t.ChannelCIDs, "channel", nil, "`CIDS` of 1 to 20 channels, of a campaign whose audience is channels")
}

func checkTargets(t client.Targets) error {
	if len(t.UserIDs) == 0 && len(t.ChannelCIDs) == 0 {
		return wrongUsage{errors.New("--user is missing, or --channel")}
	}
	return nil
}

func newCampaignPreviewCommand() *cobra.Command {
	var f campaignFlags
	var targets client.Targets
	cmd := &cobra.Command{
		Use:   "preview ID",
		Short: "Show what some users would get, without sending anything",
		Example: `  herald campaign preview spring-sale --user ann,bob
  herald campaign preview news --channel messaging:general -o json`,
		Args: cobra.ExactArgs(1),
	}
	registerTargets(cmd, &targets)
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		if err := checkTargets(targets); err != nil {
			return err
		}
		p, err := api.PreviewCampaign(cmd.Context(), args[0], targets)
		if err != nil {
			return err
		}
		if f.json() {
			return campaigns.JSON(cmd.OutOrStdout(), p.JSON)
		}
		return campaigns.ShowPreviews(cmd.OutOrStdout(), p.Previews)
	})
}

func newCampaignTestCommand() *cobra.Command {
	var f campaignFlags
	var targets client.Targets
	cmd := &cobra.Command{
		Use:   "test ID",
		Short: "Send a campaign's message to some users and nobody else",
		Long: `Send a campaign's message to some users and nobody else, whatever the campaign's status. They get real messages, marked as a
test, in their real channels, which are created where the campaign would create them. The campaign itself knows nothing of
it: it sends to them again, and so does another test.`,
		Example: `  herald campaign test spring-sale --user ann,bob
  herald campaign test news --channel messaging:general`,
		Args: cobra.ExactArgs(1),
	}
	registerTargets(cmd, &targets)
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		if err := checkTargets(targets); err != nil {
			return err
		}
		recipients, err := api.TestCampaign(cmd.Context(), args[0], targets)
		var refused *client.Error
		switch {
		case err != nil && !errors.As(err, &refused):
			return fmt.Errorf("%w; whether it was sent is not known", err)
		case err != nil:
			return err
		case f.json():
			return campaigns.JSONTest(cmd.OutOrStdout(), recipients)
		}
		return campaigns.ShowTest(cmd.OutOrStdout(), recipients)
	})
}

func newCampaignAudienceCommand() *cobra.Command {
	var f campaignFlags
	cmd := &cobra.Command{
		Use:   "audience ID",
		Short: "Count the recipients that a campaign would have if it started now",
		Long: `Count the recipients that a campaign would have if it started now, each once. It is "about" so many where counting takes
more than two seconds.`,
		Example: `  herald campaign audience spring-sale
  herald campaign audience spring-sale -o json | jq .count`,
		Args: cobra.ExactArgs(1),
	}
	return campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		a, err := api.CampaignAudience(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if f.json() {
			return campaigns.JSON(cmd.OutOrStdout(), a.JSON)
		}
		return campaigns.ShowAudience(cmd.OutOrStdout(), a)
	})
}
