// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A receiver that remembers what it was given and answers as told. Thread-safe. */
final class Recorder implements MessageReceiver {
  final List<Message> seen = new CopyOnWriteArrayList<>();
  final List<Message> revoked = new CopyOnWriteArrayList<>();
  final AtomicInteger running = new AtomicInteger();
  private final Function<Message, Disposition> answer;

  Recorder(Function<Message, Disposition> answer) {
    this.answer = answer;
  }

  static Recorder acknowledging() {
    return new Recorder(message -> Disposition.ACKNOWLEDGE);
  }

  static String text(Message message) {
    return new String(message.data(), UTF_8);
  }

  @Override
  public Disposition receive(Message message) {
    running.incrementAndGet();
    try {
      seen.add(message);
      return answer.apply(message);
    } finally {
      running.decrementAndGet();
    }
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    var dispositions = new ArrayList<Disposition>();
    messages.forEach(message -> dispositions.add(receive(message)));
    return dispositions;
  }

  @Override
  public void revoke(Message message) {
    revoked.add(message);
  }

  List<String> texts() {
    return seen.stream().map(Recorder::text).toList();
  }
}
