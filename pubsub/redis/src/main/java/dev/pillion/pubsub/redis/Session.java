// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisConnection;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/** What is there between opening the component and closing it. */
final class Session {
  final Publisher publisher;
  final LongAdder lost = new LongAdder();
  private final RedisConnection connection;
  private final StreamSettings settings;
  private final ComponentContext context;
  private final List<StreamIntake> intakes = new CopyOnWriteArrayList<>();

  Session(RedisConnection connection, StreamSettings settings, ComponentContext context) {
    this.connection = connection;
    this.settings = settings;
    this.context = context;
    this.publisher = new Publisher(connection, settings, context.time());
  }

  void ping(Deadline deadline) {
    connection.ping(deadline);
  }

  Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    var intake = StreamIntake.start(connection, subscription, receiver, settings, lost, context);
    intakes.removeIf(StreamIntake::hasEnded);
    intakes.add(intake);
    return intake;
  }

  void close() {
    for (var intake : intakes) {
      intake.close(Deadline.after(Duration.ZERO, context.time()));
      intake.abandon();
    }
    connection.close();
  }
}
