package file_test

import (
	"fmt"
	"os"
	"testing"
)

// helpers are what the test binary plays in a process of its own, named by FILE_TEST_HELPER.
var helpers = map[string]func() error{
	"kill":      killedWriter,
	"full":      fullDisk,
	"read-only": readOnlyDisk,
	"denied":    deniedFolder,
	"limit":     limitedFile,
}

func TestMain(m *testing.M) {
	helper, ok := helpers[os.Getenv("FILE_TEST_HELPER")]
	if !ok {
		os.Exit(m.Run())
	}
	if err := helper(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
