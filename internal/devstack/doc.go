// Package devstack runs a private Postgres and a real Temporal server for `herald dev` and for tests.
//
// Rules for a reader:
//
//   - It is infrastructure only and imports no other package of this module: schemas and search attributes are the caller's.
//   - Everything it starts runs under a [Supervisor], in a process group of its own, is restarted when it dies and ends with its owner:
//     on Linux even when the owner is killed with -9 (elsewhere only by [Supervisor.Stop]).
//   - A server the caller already has (a URL, an address) is used as it is: never started, stopped or configured.
//   - Only processes started here are signalled, and only directories made here are removed.
//
// What is kept below the directory the caller chooses:
//
//	postgres/           the cluster (data/) and its password, owned by the user Postgres runs as
//	temporal.db         Temporal's state
//	bin/                a Temporal CLI and a Postgres server, where the machine had none
//	log/                one file per process
//	*.lock              held while a stack runs on the directory
package devstack
