// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.pubsub.spi.MessageReceiver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** Notes what it is given, in order, and answers as the test wants. */
final class TestReceiver implements MessageReceiver {
  static final Duration PATIENCE = Duration.ofSeconds(20);

  final List<Message> received = new CopyOnWriteArrayList<>();
  final List<List<String>> batches = new CopyOnWriteArrayList<>();
  final List<String> revoked = new CopyOnWriteArrayList<>();
  volatile Function<Message, Disposition> answer;

  TestReceiver(Function<Message, Disposition> answer) {
    this.answer = answer;
  }

  TestReceiver() {
    this(message -> Disposition.ACKNOWLEDGE);
  }

  static String text(Message message) {
    return new String(message.data(), StandardCharsets.UTF_8);
  }

  /** Redelivers messages with this text, and acknowledges the others. */
  static TestReceiver failing(String text) {
    return new TestReceiver(
        message -> text(message).equals(text) ? Disposition.REDELIVER : Disposition.ACKNOWLEDGE);
  }

  @Override
  public Disposition receive(Message message) {
    received.add(message);
    return answer.apply(message);
  }

  @Override
  public List<Disposition> receiveAll(List<Message> messages) {
    batches.add(messages.stream().map(TestReceiver::text).toList());
    received.addAll(messages);
    var answers = new ArrayList<Disposition>();
    messages.forEach(message -> answers.add(answer.apply(message)));
    return answers;
  }

  @Override
  public void revoke(Message message) {
    revoked.add(text(message));
  }

  List<String> texts() {
    return received.stream().map(TestReceiver::text).toList();
  }

  void awaitTexts(String... texts) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(texts()).containsExactly(texts));
  }

  void awaitInAnyOrder(String... texts) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(texts())
        .containsExactlyInAnyOrder(texts));
  }

  void awaitCount(int count) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(received).hasSize(count));
  }
}
