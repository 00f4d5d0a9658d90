// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.Intake;
import dev.pillion.pubsub.spi.MessageReceiver;
import dev.pillion.pubsub.spi.OutgoingMessage;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.spi.TopicSubscription;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** A broker that keeps what it is given, goes away and comes back, and refuses poison. */
final class RecordingPubSub implements PubSubComponent {
  private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]*)\"");
  private static final Pattern DATA = Pattern.compile("\"data\":\"([^\"]*)\"");

  final List<OutgoingMessage> messages = new CopyOnWriteArrayList<>();
  final AtomicInteger attempts = new AtomicInteger();
  volatile boolean away;
  volatile String poison = "";
  volatile Consumer<String> onPublish = event -> {};

  @Override
  public void open(ComponentContext context) {}

  @Override
  public void publish(OutgoingMessage message, Deadline deadline) {
    attempts.incrementAndGet();
    if (away) {
      throw ComponentException.unavailable("the broker is away", null);
    }
    var event = new String(message.data(), UTF_8);
    if (!poison.isEmpty() && event.contains(poison)) {
      throw ComponentException.failed("too bad", null);
    }
    messages.add(message);
    onPublish.accept(event);
  }

  List<String> events() {
    return messages.stream().map(message -> new String(message.data(), UTF_8)).toList();
  }

  /** The texts that the events carry, in their order. */
  List<String> data() {
    return events().stream().map(event -> find(DATA, event)).toList();
  }

  List<String> ids() {
    return events().stream().map(RecordingPubSub::id).toList();
  }

  static String id(String event) {
    return find(ID, event);
  }

  private static String find(Pattern pattern, String event) {
    var found = pattern.matcher(event);
    return found.find() ? found.group(1) : event;
  }

  /** Those that begin so, in their order. */
  List<String> data(String prefix) {
    var found = new ArrayList<>(data());
    found.removeIf(text -> !text.startsWith(prefix));
    return found;
  }

  @Override
  public Intake subscribe(TopicSubscription subscription, MessageReceiver receiver) {
    throw new UnsupportedOperationException("nobody listens here");
  }

  @Override
  public void close() {}
}
