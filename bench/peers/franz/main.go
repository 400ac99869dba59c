// The open load of open_loop.rs, sent with franz-go: every record's own promise. Same arguments, same line.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 6 {
		return fmt.Errorf("usage: bootstrap topic rate seconds size linger_ms; rate 0 is as fast as it goes")
	}
	var number [6]float64
	for i := 2; i < 6; i++ {
		var err error
		if number[i], err = strconv.ParseFloat(args[i], 64); err != nil {
			return err
		}
	}
	rate, nanos, size := number[2], int64(number[3]*1e9), int(number[4])
	client, err := kgo.NewClient(
		kgo.SeedBrokers(args[0]),
		kgo.DefaultProduceTopic(args[1]),
		kgo.ProducerLinger(time.Duration(number[5]*float64(time.Millisecond))),
		kgo.ProducerBatchMaxBytes(16384),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(100_000), // librdkafka's default; the own default of 10,000 would halve the peak
		kgo.AllowAutoTopicCreation(),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, pool := context.Background(), values(size)
	// Connecting, metadata and the producer id come before the clock starts.
	if err := client.ProduceSync(ctx, &kgo.Record{Value: pool[0]}).FirstErr(); err != nil {
		return err
	}

	started, warmUp, end := time.Now(), nanos, 2*nanos
	now := func() int64 { return int64(time.Since(started)) }
	var (
		lock             sync.Mutex
		pending          sync.WaitGroup
		failed, measured int64
		last             int64
		latencies        = hdrhistogram.New(1, int64(time.Hour), 3)
	)
	send := func(i int, due int64) {
		pending.Add(1)
		client.Produce(ctx, &kgo.Record{Value: pool[i%len(pool)]}, func(_ *kgo.Record, err error) {
			at := now()
			lock.Lock()
			if err != nil {
				failed++
			} else if due >= warmUp {
				_ = latencies.RecordValue(at - due)
				measured++
				last = max(last, at)
			}
			lock.Unlock()
			pending.Done()
		})
	}
	// The runtime's own timers may be a millisecond late; the system's sleep is not, on a thread of its own.
	runtime.LockOSThread()
	for i := 0; ; {
		at := now()
		if rate <= 0 {
			if at >= end {
				break
			}
			send(i, at)
			i++
			continue
		}
		due := int64(float64(i) / rate * 1e9)
		if due >= end {
			break
		}
		if due > at {
			wait := syscall.NsecToTimespec(due - at)
			_ = syscall.Nanosleep(&wait, nil)
			continue
		}
		send(i, due)
		i++
	}
	pending.Wait()
	if failed > 0 {
		return fmt.Errorf("%d records were not acknowledged", failed)
	}
	micros := func(quantile float64) float64 { return float64(latencies.ValueAtQuantile(quantile)) / 1e3 }
	fmt.Printf("records=%d rec_per_s=%.0f p50_us=%.0f p99_us=%.0f p999_us=%.0f max_us=%.0f\n", measured,
		float64(measured)/(float64(last-warmUp)/1e9), micros(50), micros(99), micros(99.9), float64(latencies.Max())/1e3)
	return nil
}

// Up to 1,024 values of capital letters, as the other programs send.
func values(size int) [][]byte {
	pool := make([][]byte, min(1024, max(1, 16<<20/max(size, 1))))
	state := uint64(0x2545F4914F6CDD1D)
	for i := range pool {
		pool[i] = make([]byte, size)
		for j := range pool[i] {
			state = state*6364136223846793005 + 1442695040888963407
			pool[i][j] = 'A' + byte((state>>33)%26)
		}
	}
	return pool
}
