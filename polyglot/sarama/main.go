// SPDX-License-Identifier: Apache-2.0

// Command sarama is a member of a consumer group, and a producer, as a daprd is one: the same client with the settings that Dapr's
// pubsub.kafka gives it. A test runs it beside Pillion's own members.
//
//	sarama consume BROKERS GROUP TOPIC...   prints "assigned TOPIC PARTITION", "handled TOPIC PARTITION OFFSET VALUE"; leaves at the end of its input
//	sarama produce BROKERS TOPIC KEY...     prints "sent PARTITION KEY" for each key
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

func main() {
	if len(os.Args) < 5 {
		fail(fmt.Errorf("usage: sarama consume BROKERS GROUP TOPIC... | produce BROKERS TOPIC KEY..."))
	}
	brokers := strings.Split(os.Args[2], ",")
	switch os.Args[1] {
	case "consume":
		consume(brokers, os.Args[3], os.Args[4:])
	case "produce":
		produce(brokers, os.Args[3], os.Args[4:])
	default:
		fail(fmt.Errorf("%q is neither consume nor produce", os.Args[1]))
	}
}

// What Dapr sets, which is nearly what the client has by itself.
func config() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "sarama"
	config.Version = sarama.V2_0_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Group.Heartbeat.Interval = 3 * time.Second
	config.Consumer.Group.Session.Timeout = 10 * time.Second
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Retry.Max = 5
	config.Producer.Return.Successes = true
	return config
}

func consume(brokers []string, group string, topics []string) {
	member, err := sarama.NewConsumerGroup(brokers, group, config())
	fail(err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		// The end of the input is the order to leave.
		bufio.NewReader(os.Stdin).ReadString(0)
		cancel()
	}()
	handler := &printer{}
	for ctx.Err() == nil {
		if err := member.Consume(ctx, topics, handler); err != nil {
			handler.print("error %v", err)
			time.Sleep(100 * time.Millisecond)
		}
	}
	fail(member.Close())
}

func produce(brokers []string, topic string, keys []string) {
	producer, err := sarama.NewSyncProducer(brokers, config())
	fail(err)
	for _, key := range keys {
		message := &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder("from sarama")}
		partition, _, err := producer.SendMessage(message)
		fail(err)
		fmt.Printf("sent %d %s\n", partition, key)
	}
	fail(producer.Close())
}

type printer struct{ lock sync.Mutex }

func (p *printer) print(format string, values ...any) {
	p.lock.Lock()
	defer p.lock.Unlock()
	fmt.Printf(format+"\n", values...)
}

func (p *printer) Setup(sarama.ConsumerGroupSession) error { return nil }

func (p *printer) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (p *printer) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	p.print("assigned %s %d", claim.Topic(), claim.Partition())
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			p.print("handled %s %d %d %s", message.Topic, message.Partition, message.Offset, message.Value)
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
