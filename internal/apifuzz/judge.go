package apifuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"herald/api/openapi/conform"
)

// judge holds answers against the contract.
type judge struct {
	checker *conform.Checker
	marker  string // what no answer may show
}

// codes are the codes of every status of an error (contract 4.3). A 5xx has no place here.
var codes = map[int][]int{
	http.StatusBadRequest: {4, 20}, http.StatusUnauthorized: {2, 5, 40, 41, 42, 43}, http.StatusForbidden: {17}, http.StatusNotFound: {16},
	http.StatusRequestTimeout: {23}, http.StatusRequestEntityTooLarge: {22}, http.StatusTooManyRequests: {9},
}

var envelope = []string{"StatusCode", "code", "details", "duration", "exception_fields", "message", "more_info", "unrecoverable"}

// check gives everything that is wrong with an answer.
func (j *judge) check(r request, a answer) error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		if _, err := strconv.ParseInt(a.header.Get(name), 10, 64); err != nil {
			wrong("the header %s is %q", name, a.header.Get(name))
		}
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" {
		wrong("a browser may not read the answer")
	}
	// An id that is empty or not escaped makes it an unknown route, which nobody has to be known for.
	if r.denied && a.status != http.StatusUnauthorized && !bytes.Contains(a.body, []byte(`"Request failed with error: \"no route for `)) {
		wrong("the token should have been refused")
	}
	if r.unreadable && a.status != http.StatusBadRequest {
		wrong("the request cannot be read")
	}
	if bytes.Contains(a.body, []byte(j.marker)) {
		wrong("the answer shows what belongs to another app")
	}
	if r.method == http.MethodOptions && a.status == http.StatusNoContent {
		return errors.Join(problems...)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		wrong("the content type is %q", got)
	}
	if r.method == http.MethodHead { // has no body
		return errors.Join(problems...)
	}
	var body map[string]any
	if err := json.Unmarshal(a.body, &body); err != nil {
		wrong("the answer is no JSON object: %w", err)
	}
	if a.status/100 == 2 {
		if _, ok := body["duration"].(string); !ok {
			wrong("the answer has no duration")
		}
	} else {
		problems = append(problems, checkError(a.status, body))
	}
	if u, err := url.ParseRequestURI(r.target); err == nil && !r.unreadable && u.Host == "" {
		e := conform.Exchange{Method: r.method, URL: u, Status: a.status, Header: a.header, Body: a.body}
		problems = append(problems, j.checker.CheckAnswer(e))
	}
	return errors.Join(problems...)
}

func checkError(status int, body map[string]any) error {
	code, _ := body["code"].(float64)
	if !slices.Contains(codes[status], int(code)) {
		return fmt.Errorf("there is no error with status %d and code %v", status, body["code"])
	}
	for _, key := range envelope {
		if _, ok := body[key]; !ok {
			return fmt.Errorf("the error has no key %s", key)
		}
	}
	if len(body) != len(envelope) || body["StatusCode"] != float64(status) {
		return errors.New("the error has other keys than it should, or another StatusCode")
	}
	return nil
}
