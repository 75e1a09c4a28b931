// Package events tells an app's hooks what has happened.
//
// What has happened stands in the outbox, a row for each receiver, written in the transaction of its cause (models/store). A
// [Relay] takes rows out and to their receivers. It looks every quarter of a second for receivers that have something due;
// for each a courier claims rows under a lease, tries each event once, and writes down in one transaction what came of it:
// delivered (the row goes), due again after a back-off (the payload stays with the row, so that every try sends the same
// bytes), or given up (a hook failure remains). A batch of a campaign is one row, told of chunk by chunk. So:
//
//   - everything is delivered at least once: a relay that dies leaves rows whose lease ends, and one that lost its lease can
//     write nothing down;
//   - the first row of a stream alone can be claimed, which keeps a campaign's events in order;
//   - a receiver that fails or is slow holds up nobody else: it has a courier, slots and a circuit of its own.
//
// The relay knows nothing of webhooks. A [Kind] of receivers says who has something due and how an event is made and sent;
// [Hooks] is one.
//
// A hook's URL comes from whoever has an app's secret, and Herald calls it from inside the operator's network. So an
// address that is not a public one is refused, when the URL is set and again when it is called, unless the operator
// allows its network: see [Addresses].
package events
