//go:build race

package template_test

// raceDetector tells whether the tests run some ten times slower, for the race detector.
const raceDetector = true
