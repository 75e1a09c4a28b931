#!/bin/sh
# Creates the namespace and the search attributes Herald's workflows set. Safe to repeat.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE come from the environment, which the command line reads itself.
set -eu

# Runs the command until it succeeds, for about a minute; its last error is then the job's.
eventually() {
    tries=30
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 2
    done
}

# The port opens a moment before the server answers.
eventually temporal operator cluster health

# How long a finished campaign can be looked at in the Web UI. A large campaign leaves a hundred page workflows behind.
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h

# Before the first start: starting a workflow with an attribute that is not registered fails. Retried because the server
# goes on answering "namespace not found" for seconds after it made a new one.
eventually temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name CampaignStatus --type Keyword \
    --name CampaignApp --type Keyword \
    --name CampaignSender --type Keyword \
    --name CampaignTarget --type Keyword \
    --name CampaignHold --type Keyword \
    --name CampaignScheduledFor --type Datetime \
    --name CampaignRecipients --type Int

# They are usable seconds after that, when the server has read its namespace again. Whoever waits for this job may start.
eventually temporal workflow list --namespace "$TEMPORAL_NAMESPACE" --limit 1 --query 'CampaignRecipients > 0' >/dev/null
