package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/secret"
	"go.yaml.in/yaml/v4"
)

const planted = "Zx8Q~planted-secret-value"

type holder struct {
	Public secret.Text
	hidden secret.Text
	Ptr    *secret.Text
	Nested struct{ Inner secret.Text }
}

// TestNoEncodingShowsIt tries every way in which a value is usually written out.
func TestNoEncodingShowsIt(t *testing.T) {
	t.Parallel()
	s := secret.New(planted)
	h := holder{Public: s, hidden: s, Ptr: &s}
	h.Nested.Inner = s

	var out bytes.Buffer
	for _, v := range []any{s, &s, h, &h, []secret.Text{s}, map[string]secret.Text{"k": s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	y, err := yaml.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(y)
	out.WriteString(errors.Join(fmt.Errorf("with %v", s)).Error())
	if strings.Contains(out.String(), planted) || strings.Contains(out.String(), fmt.Sprintf("%x", planted)) {
		t.Errorf("the secret came out:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Errorf("no mask in the output:\n%s", out.String())
	}
}

func TestRevealGivesItBack(t *testing.T) {
	t.Parallel()
	if got := secret.New(planted).Reveal(); got != planted {
		t.Errorf("Reveal() = %q, want what went in", got)
	}
	if !secret.New("").Empty() || secret.New(planted).Empty() {
		t.Error("Empty() must tell no secret from one")
	}
}
