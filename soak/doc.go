// Package soak holds tests of what Herald promises while everything happens at once: random interleavings of controls,
// the barrier of pause and stop at full speed, with frozen workers and without Temporal, messages_per_second, webhooks to an
// endpoint that fails, a million readers, and what the API promises whatever is sent to it.
//
// They run small in `make test`, and for more than an hour by `make soak` (HERALD_SOAK=1), which ends with its figures;
// `make soak SOAK=TestPace` runs one of them. Each works on a `herald dev` of its own, whose processes it freezes and kills. What happened is read from
// Postgres: every state that a campaign's row had and every message, each with the time of its commit.
//
// HERALD_SOAK_SEED repeats the random plans of an earlier run. Their timing is never the same, so a failure may need
// several runs to come again; the plan, the answers and the history of the row are in its report.
package soak
