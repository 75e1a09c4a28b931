//go:build !race

package template_test

const raceDetector = false
