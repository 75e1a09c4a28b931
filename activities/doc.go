// Package activities holds the side effects of Herald's workflows: moves of a campaign's row, planning, and sending.
//
// Every activity may run twice, also at once, and gives the same result: what it does rests on compare-and-set moves
// and on the unique key of a message. Trouble with one recipient is data, an outcome with a code, never an error; an
// error means that Postgres or the network failed and the activity is to be repeated. Only a campaign that cannot be
// sent at all ends an activity for good, with an error of type workflows.ErrorCampaignConfig.
package activities
