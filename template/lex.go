package template

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// token is a token of gonja with its exact text and place. Kinds used are those of gonja, except that the keywords (and, or, not, in, is)
// are names here: gonja takes them for names too when no blank follows, as in "not(x)" at the end of a line.
type token struct {
	kind   tokens.Type
	text   string // as written, a string with its quotes; for an Error the reason
	offset int    // of text in the source
}

func (t token) is(text string) bool {
	return t.kind != tokens.Data && t.kind != tokens.String && t.kind != tokens.Error && t.text == text
}

var lexerConfig = func() *config.Config {
	c := config.New()
	c.KeepTrailingNewline = true // a message keeps what its author typed
	return c
}()

// lex cuts a source into tokens. The last one is an EOF or an Error.
//
// gonja's lexer skips what it does not know inside a tag (so that "{{ $x }}" reads the name "$x") and glues newlines to the token
// after them; lex compares every token with the source, drops whitespace and refuses the rest.
func lex(source string) []token {
	// The lexer turns carriage returns into newlines, which would shift offsets and change text. No source holds a NUL, so it stands in.
	stream := tokens.LexAll(strings.ReplaceAll(source, "\r", "\x00"), lexerConfig)
	var out []token
	end := 0 // of the last token
	for {
		t := stream.Current()
		if t.Type == tokens.Error || t.Type == tokens.EOF {
			return append(out, lastToken(source, out, end, t.Type))
		}
		stream.Next() // only now: the stream panics when asked beyond its end
		next := token{kind: t.Type}
		switch t.Type {
		case tokens.Data:
			next.offset = t.Pos
			next.text = source[t.Pos : t.Pos+len(t.Val)]
		case tokens.String:
			next.offset = end + blanks(source[end:])
			next.text = quoted(source[next.offset:])
		default:
			next.offset = end + blanks(source[end:])
			next.text = strings.TrimLeft(t.Val, " \t\n\v\f\x00")
		}
		if t.Type != tokens.Data && (next.offset < t.Pos && blanks(source[next.offset:t.Pos]) == 0 || !next.valid()) {
			return append(out, token{tokens.Error, unexpectedCharacter(source[next.offset:]), next.offset})
		}
		if t.Type == tokens.Name && next.text == "" { // what the lexer makes of a tag whose name stands on the next line
			continue
		}
		if keywords[next.text] && t.Type != tokens.Data {
			next.kind = tokens.Name
		}
		out = append(out, next)
		end = next.offset + len(next.text)
	}
}

// lastToken explains where and why lexing ended, from the source: the lexer's own error has neither line nor start.
func lastToken(source string, before []token, end int, kind tokens.Type) token {
	start := end + blanks(source[end:])
	if kind == tokens.EOF {
		if start < len(source) {
			return token{tokens.Error, unexpectedCharacter(source[start:]), start}
		}
		return token{tokens.EOF, "", len(source)}
	}
	if len(before) > 0 {
		last := before[len(before)-1]
		if last.kind == tokens.CommentBegin {
			return token{tokens.Error, "the comment is not closed", last.offset}
		}
		if last.kind == tokens.BlockEnd {
			return token{tokens.Error, "the raw block is not closed", last.offset}
		}
	}
	switch {
	case start >= len(source):
		return token{tokens.EOF, "", len(source)}
	case source[start] == '"' || source[start] == '\'':
		return token{tokens.Error, "the string is not closed", start}
	case source[start] >= '0' && source[start] <= '9':
		return token{tokens.Error, "malformed number", start}
	}
	return token{tokens.Error, unexpectedCharacter(source[start:]), start}
}

var operators = map[tokens.Type]string{
	tokens.Addition: "+", tokens.Subtraction: "-", tokens.Multiply: "*", tokens.Power: "**", tokens.Division: "/",
	tokens.FloorDivision: "//", tokens.Modulo: "%", tokens.Tilde: "~", tokens.Equals: "==", tokens.Ne: "!=", tokens.LowerThan: "<",
	tokens.LowerThanOrEqual: "<=", tokens.GreaterThan: ">", tokens.GreaterThanOrEqual: ">=", tokens.Assign: "=", tokens.Comma: ",",
	tokens.Colon: ":", tokens.Dot: ".", tokens.Pipe: "|", tokens.LeftParenthesis: "(", tokens.RightParenthesis: ")",
	tokens.LeftBracket: "[", tokens.RightBracket: "]", tokens.LeftBrace: "{", tokens.RightBrace: "}",
	tokens.And: "and", tokens.Or: "or", tokens.Not: "not", tokens.In: "in", tokens.Is: "is",
}

// valid tells whether the text is what the kind promises and nothing more.
func (t token) valid() bool {
	switch t.kind {
	case tokens.Name:
		for i, r := range t.text {
			if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
				return false
			}
		}
		return true
	case tokens.Integer, tokens.Float:
		return t.text != "" && t.text[0] >= '0' && t.text[0] <= '9'
	case tokens.String:
		return t.text != ""
	case tokens.VariableBegin:
		return strings.HasPrefix(t.text, "{{")
	case tokens.BlockBegin:
		return strings.HasPrefix(t.text, "{%")
	case tokens.CommentBegin:
		return strings.HasPrefix(t.text, "{#")
	case tokens.VariableEnd:
		return t.text == "}}" || t.text == "-}}"
	case tokens.BlockEnd:
		return t.text == "%}" || t.text == "-%}" || t.text == "+%}"
	case tokens.CommentEnd:
		return strings.HasSuffix(t.text, "#}")
	default:
		return t.text != "" && t.text == operators[t.kind]
	}
}

// blanks counts the whitespace at the start.
func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\r\n\v\f")) }

// quoted returns the string literal at the start, with its quotes, ended as the lexer ends it; "" when there is none.
func quoted(s string) string {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return ""
	}
	for i := 1; i < len(s); i++ {
		if s[i] == s[0] && s[i-1] != '\\' {
			return s[:i+1]
		}
	}
	return ""
}

func unexpectedCharacter(s string) string {
	_, width := utf8.DecodeRuneInString(s)
	return unexpected(s[:width])
}
