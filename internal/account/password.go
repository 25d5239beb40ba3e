package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/secret"
)

// Cost is what a password hash costs who makes or tries it.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultCost is the second choice of OWASP's password storage cheat sheet for argon2id (19 MiB, 2 passes, 1 lane), some 30 ms of one core. Hashes
// carry theirs, so that it can be raised: the next sign-in then makes the hash anew.
var DefaultCost = Cost{Memory: 19 << 10, Time: 2, Threads: 1}

const (
	minPassword = 12  // characters
	maxPassword = 256 // longer ones are a paste of something else; hashing takes as long for any length
	saltBytes   = 16
	keyBytes    = 32
	maxMemory   = 1 << 20 // KiB; a hash that claims more is not one of ours

	hashesAtOnce = 2  // each takes its memory: 38 MiB together
	hashesQueued = 64 // wait for their turn; whoever comes then is sent away
)

// A hasher makes and checks hashes, few at once: a flood of sign-ins costs time, not memory.
type hasher struct {
	cost   Cost
	turns  chan struct{}
	queue  chan struct{}
	nobody string // a hash that no password has, for accounts that are not there
}

func newHasher(cost Cost) *hasher {
	h := &hasher{cost: cost, turns: make(chan struct{}, hashesAtOnce), queue: make(chan struct{}, hashesQueued)}
	var random [saltBytes + keyBytes]byte
	_, _ = rand.Read(random[:])
	h.nobody = encodeHash(cost, random[:saltBytes], random[saltBytes:])
	return h
}

// turn waits for leave to hash. Throttled (code sign_in_busy) if too many wait already.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, &fault.Error{Class: fault.Throttled, Code: "sign_in_busy", Title: "too many sign-ins at once", Hint: "try again in some seconds"}
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// hash makes a hash of a password, in the form $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY.
func (h *hasher) hash(ctx context.Context, password secret.Text) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return encodeHash(h.cost, salt, argon2.IDKey(normal(password), salt, h.cost.Time, h.cost.Memory, h.cost.Threads, keyBytes)), nil
}

// check tells whether a password has a hash. Without a hash it takes as long and is false. again says that the hash is of another cost than now
// and should be made anew.
func (h *hasher) check(ctx context.Context, password secret.Text, hash string) (ok, again bool, err error) {
	none := hash == ""
	if none {
		hash = h.nobody
	}
	cost, salt, key, err := decodeHash(hash)
	if err != nil {
		return false, false, err
	}
	if utf8.RuneCountInString(password.Reveal()) > maxPassword {
		password = secret.New("-") // as slow as any other wrong one
		none = true
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	got := argon2.IDKey(normal(password), salt, cost.Time, cost.Memory, cost.Threads, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1 && !none, cost != h.cost, nil
}

// normal is a password as it is hashed: keyboards write one é in two ways (NIST SP 800-63B, 3.1.1.2).
func normal(password secret.Text) []byte { return norm.NFKC.Bytes([]byte(password.Reveal())) }

func encodeHash(c Cost, salt, key []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads, e.EncodeToString(salt), e.EncodeToString(key))
}

func decodeHash(text string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(text, "$")
	bad := fault.New(fault.Internal, "a stored password hash is damaged").WithHint("headrace user password NAME sets a new one.")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil || c.Memory > maxMemory || c.Memory == 0 || c.Time == 0 || c.Time > 100 || c.Threads == 0 {
		return c, nil, nil, bad
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, bad
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) != keyBytes {
		return c, nil, nil, bad
	}
	return c, salt, key, nil
}

// common are passwords of twelve characters and more that stand on top of every list of leaked ones, in lower case.
var common = []string{"password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "iloveyou", "administrator", "admin", "headrace", "microsoft", "changeme", "abcdefghijkl", "1q2w3e4r5t6y", "123456789012", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"}

// judgePassword tells what is wrong with a new password; "" for nothing. The text never quotes it.
func judgePassword(password secret.Text, names ...string) string {
	text := password.Reveal()
	runes := utf8.RuneCountInString(text)
	switch {
	case text == "":
		return "a password is missing"
	case !utf8.ValidString(text):
		return "the password is no valid text (UTF-8); it may have been read from a file in another encoding"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "the password has a line break, a tab or another control character in it; a file or a paste may have more than the password"
	case runes < minPassword:
		return fmt.Sprintf("the password has %d characters and needs at least %d; a sentence is easy to remember", runes, minPassword)
	case runes > maxPassword:
		return fmt.Sprintf("the password has %d characters, at most %d are allowed", runes, maxPassword)
	}
	rest := strings.ToLower(text)
	for _, word := range append(names, common...) {
		if word = strings.ToLower(word); len(word) > 3 {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	if different(rest) < 5 {
		return "the password is easy to guess: it is little more than the name, a common password or one character again and again"
	}
	return ""
}

// different counts the different characters of a text.
func different(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}
