package bucket_test

import (
	"os"
	"testing"

	"github.com/headrace/headrace/internal/connector/file/bucket/buckettest"
)

func TestMain(m *testing.M) {
	if err := buckettest.Environment(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
