package showcase

import (
	"context"

	"herald/internal/client"
)

// Names for tests.
type (
	Person    = person
	Delivered = delivered
)

var (
	ReadPeople   = readPeople
	MessageText  = messageText
	ExpectedText = expectedText
	ReadLog      = readLog
)

const (
	SenderID   = senderID
	SenderName = senderName
)

// Launch starts a command and gives the function that stops it.
func Launch(ctx context.Context, command []string, say func(string)) (Stack, func() error, error) {
	l, stack, err := launch(ctx, command, say)
	if err != nil {
		return Stack{}, nil, err
	}
	return stack, l.stop, nil
}

// CheckStats gives what is wrong with stats.
func CheckStats(s client.Stats, want int64) []error {
	var f findings
	checkStats(&f, s, want)
	return f.failed
}

// CheckMessages gives what is wrong with messages.
func CheckMessages(messages []Delivered, people []Person) []error {
	var f findings
	checkMessages(&f, messages, people)
	return f.failed
}
