package push

import (
	"fmt"
	"time"
)

// Problem says what is to be done about a notification that a service did not take.
type Problem int

// The problems.
const (
	Unregistered  Problem = iota + 1 // the device is gone for good: forget it
	Rejected                         // this notification will never be taken: drop it
	Throttled                        // this device gets too many: try again later
	Unavailable                      // the service takes nothing at present: try again later, this and all others
	Misconfigured                    // the service takes nothing from us as we are: the same, until an operator has changed something
)

func (p Problem) String() string {
	return map[Problem]string{
		Unregistered: "unregistered", Rejected: "rejected", Throttled: "throttled", Unavailable: "unavailable", Misconfigured: "misconfigured",
	}[p]
}

// Error is why a service did not take a notification.
type Error struct {
	Problem Problem
	Status  int           // of the answer; 0 is none
	Reason  string        // the service's word for it, such as BadDeviceToken
	Delay   time.Duration // that the service asks for; 0 is any
	Err     error         // where there was no answer
}

func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Problem, e.Err)
	case e.Reason != "":
		return fmt.Sprintf("%s: %s (status %d)", e.Problem, e.Reason, e.Status)
	}
	return fmt.Sprintf("%s: status %d", e.Problem, e.Status)
}

// Unwrap gives what kept the service from answering.
func (e *Error) Unwrap() error { return e.Err }
