package store_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/headrace/headrace/internal/store"
)

// holdVariable makes the test binary a second process that holds a data folder until its input ends.
const holdVariable = "HEADRACE_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdVariable); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

func hold(dir string) int {
	s, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = s.Close() }()
	_, _ = fmt.Fprintln(os.Stdout, "open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}
