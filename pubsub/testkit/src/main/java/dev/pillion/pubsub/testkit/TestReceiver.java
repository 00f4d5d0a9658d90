// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.testkit;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A receiver that remembers what it was given and answers as told. Thread-safe. */
final class TestReceiver implements MessageReceiver {
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private final List<Integer> batches = new CopyOnWriteArrayList<>();
  private final List<Message> revoked = new CopyOnWriteArrayList<>();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private volatile Function<Seen, Disposition> answer;

  /** A message as it was when it was received. */
  record Seen(
      String data,
      Map<String, String> metadata,
      int attempts,
      boolean redelivered,
      Message message) {}

  TestReceiver(Function<Seen, Disposition> answer) {
    this.answer = answer;
  }

  /** Everything is done at once. */
  static TestReceiver acknowledging() {
    return new TestReceiver(message -> Disposition.ACKNOWLEDGE);
  }

  /** From now on it answers so. */
  void answer(Function<Seen, Disposition> next) {
    answer = next;
  }

  @Override
  public Disposition receive(Message message) {
    int now = running.incrementAndGet();
    most.accumulateAndGet(now, Math::max);
    try {
      var one = new Seen(
          new String(message.data(), StandardCharsets.UTF_8),
          message.metadata(),
          message.attempts(),
          message.isRedelivered(),
          message);
      seen.add(one);
      return answer.apply(one);
    } finally {
      running.decrementAndGet();
    }
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    batches.add(messages.size());
    var dispositions = new ArrayList<Disposition>();
    messages.forEach(message -> dispositions.add(receive(message)));
    return dispositions;
  }

  @Override
  public void revoke(Message message) {
    revoked.add(message);
  }

  List<Seen> seen() {
    return seen;
  }

  /** What was received, in order, once for each delivery. */
  List<String> data() {
    return seen.stream().map(Seen::data).toList();
  }

  /** The sizes of the batches received. */
  List<Integer> batches() {
    return batches;
  }

  /** How many were received at the same time, at most. */
  int mostAtATime() {
    return most.get();
  }
}
