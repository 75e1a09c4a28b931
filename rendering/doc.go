// Package rendering makes the messages of a campaign: for each recipient its message and the channel that the message
// goes to, or the outcome that says why it gets none (contract 10.2 to 10.5).
//
// Rules:
//
//   - Nothing here writes. What is to be committed comes back as a store.Delivery.
//   - Batches, tests and previews take the same steps, so a preview shows what a batch would commit.
//   - What one recipient's data make impossible is that recipient's outcome, never an error. An error of Compile means that
//     the campaign cannot be sent at all; any other, that the database failed.
//   - A Definition never changes. Any number of goroutines may render with it at once.
package rendering
