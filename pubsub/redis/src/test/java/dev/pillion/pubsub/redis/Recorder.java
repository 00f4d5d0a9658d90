// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Writes down what it receives, and does with it what a test says. */
final class Recorder implements MessageReceiver {
  final Queue<String> texts = new ConcurrentLinkedQueue<>();
  final Queue<Message> messages = new ConcurrentLinkedQueue<>();
  final Queue<Integer> batches = new ConcurrentLinkedQueue<>();
  final Queue<String> revoked = new ConcurrentLinkedQueue<>();
  final AtomicInteger running = new AtomicInteger();
  final AtomicInteger mostRunning = new AtomicInteger();
  private final Function<Message, Disposition> handler;

  Recorder(Function<Message, Disposition> handler) {
    this.handler = handler;
  }

  static Recorder acknowledging() {
    return new Recorder(message -> Disposition.ACKNOWLEDGE);
  }

  static String text(Message message) {
    return new String(message.data(), UTF_8);
  }

  @Override
  public Disposition receive(Message message) {
    mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
    try {
      texts.add(text(message));
      messages.add(message);
      return handler.apply(message);
    } finally {
      running.decrementAndGet();
    }
  }

  @Override
  public List<Disposition> receiveAll(List<Message> all) {
    batches.add(all.size());
    var dispositions = new ArrayList<Disposition>();
    all.forEach(message -> dispositions.add(receive(message)));
    return dispositions;
  }

  @Override
  public void revoke(Message message) {
    revoked.add(text(message));
  }

  int count() {
    return texts.size();
  }

  int count(String text) {
    return (int) texts.stream().filter(text::equals).count();
  }
}
