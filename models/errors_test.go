package models_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"herald/models"
)

func TestErrorText(t *testing.T) {
	fields := func(n int) []models.FieldError {
		var all []models.FieldError
		for i := range n {
			all = append(all, models.FieldError{Path: fmt.Sprintf("segment_ids[%d]", i), Reason: "must be a string"})
		}
		return all
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a sentence", models.Invalid("campaign is %s and can't be %s", "draft", "stopped"), "campaign is draft and can't be stopped"},
		{"a field", models.InvalidField("name", "is longer than %d characters", 1000), "name is longer than 1000 characters"},
		{"a field with a colon", &models.Error{Fields: []models.FieldError{{Path: "stop_at", Reason: "expected a timestamp", Colon: true}}}, "stop_at: expected a timestamp"},
		{"three fields", &models.Error{Fields: fields(3)}, "segment_ids[0] must be a string; segment_ids[1] must be a string; segment_ids[2] must be a string"},
		{"five fields", &models.Error{Fields: fields(5)}, "segment_ids[0] must be a string; segment_ids[1] must be a string; segment_ids[2] must be a string; and 2 more"},
		{"a reason beside fields", &models.Error{Reason: "the body is no JSON", Fields: fields(1)}, "the body is no JSON"},
		{"not found", models.NotFound("campaign", `a"b`), `campaign with id "a\"b" doesn't exist`},
		{"the cause is not shown", models.Unavailable(io.ErrUnexpectedEOF), "service temporarily unavailable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestErrorCode(t *testing.T) {
	tests := []struct {
		err  error
		want models.Code
	}{
		{models.Invalid("no"), models.CodeInvalid},
		{models.InvalidField("name", "is empty"), models.CodeInvalid},
		{models.NotFound("user", "ann"), models.CodeNotFound},
		{models.Unavailable(io.EOF), models.CodeUnavailable},
		{fmt.Errorf("read campaign: %w", models.NotFound("campaign", "x")), models.CodeNotFound},
		{errors.Join(io.EOF, models.Invalid("no")), models.CodeInvalid},
		{io.EOF, models.CodeInternal},
		{nil, models.CodeInternal},
	}
	for _, tt := range tests {
		if got := models.ErrorCode(tt.err); got != tt.want {
			t.Errorf("ErrorCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
	if err := models.Unavailable(io.ErrUnexpectedEOF); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}
