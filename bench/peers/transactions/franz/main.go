// The load of bench's `transactions`, sent with franz-go. Same arguments, same line.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("usage: bootstrap topic count records size")
	}
	var number [5]int
	for i := 2; i < 5; i++ {
		var err error
		if number[i], err = strconv.Atoi(args[i]); err != nil {
			return err
		}
	}
	count, records, value := number[2], number[3], make([]byte, number[4])
	options := []kgo.Opt{
		kgo.SeedBrokers(args[0]),
		kgo.DefaultProduceTopic(args[1]),
		kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(16384),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(100_000),
		kgo.AllowAutoTopicCreation(),
	}
	if records > 0 {
		options = append(options, kgo.TransactionalID("bench-"+args[1]+"-franz"))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := context.Background()
	var failed atomic.Int64
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			failed.Add(1)
		}
	}
	send := func(n int) {
		for range n {
			client.Produce(ctx, &kgo.Record{Value: value}, promise)
		}
	}
	step := func(n int) error {
		if records == 0 {
			send(n)
			return client.Flush(ctx)
		}
		if err := client.BeginTransaction(); err != nil {
			return err
		}
		send(n)
		if err := client.Flush(ctx); err != nil {
			return err
		}
		return client.EndTransaction(ctx, kgo.TryCommit)
	}
	if err := step(max(records, 1)); err != nil {
		return err
	}
	started, cpu := time.Now(), cpuTime()
	if records == 0 {
		err = step(count)
	} else {
		for i := 0; i < count && err == nil; i++ {
			err = step(records)
		}
	}
	if err != nil {
		return err
	}
	if failed.Load() > 0 {
		return fmt.Errorf("%d records failed", failed.Load())
	}
	seconds, sent := time.Since(started).Seconds(), float64(count*max(records, 1))
	transactions := float64(count) / seconds
	if records == 0 {
		transactions = 0
	}
	fmt.Printf("%.1f transactions/s, %.0f records/s, %.0f ns of CPU per record\n",
		transactions, sent/seconds, float64(cpuTime()-cpu)/sent)
	return nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
