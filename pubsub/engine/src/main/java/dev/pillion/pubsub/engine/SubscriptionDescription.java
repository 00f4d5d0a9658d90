// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.SubscribeOptions;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one subscription says and who takes its events now; {@link #toString} is made to be read.
 *
 * @param pubsub the pubsub's name
 * @param topic the topic
 * @param consumerId the group that shares the topic's events
 * @param source where it comes from: name, file and line of a resource, file and line of the
 *     program's code, the app beside it, a peer's stream
 * @param rules the routing rules in order, one without a condition last; empty where every event
 *     goes to the handler
 * @param deadLetterTopic the dead letter topic; null for none
 * @param handlers who takes its events; empty where nobody does
 */
public record SubscriptionDescription(
    String pubsub,
    String topic,
    String consumerId,
    String source,
    List<SubscribeOptions.Rule> rules,
    @Nullable String deadLetterTopic,
    List<Handler> handlers) {
  /**
   * One handler.
   *
   * @param source where it comes from, as of a subscription
   * @param path the only path it takes; null for all
   * @param paused whether it is paused
   * @param running how many deliveries it has at this moment; a batch is one
   */
  public record Handler(String source, @Nullable String path, boolean paused, int running) {
    @Override
    public String toString() {
      return source
          + (path == null ? "" : " for " + path)
          + (paused ? ", paused" : "")
          + (running == 0 ? "" : ", " + running + " running");
    }
  }

  /** Copies. */
  public SubscriptionDescription {
    rules = List.copyOf(rules);
    handlers = List.copyOf(handlers);
  }

  /** How many of the handlers are busy. */
  public int busy() {
    return (int) handlers.stream().filter(handler -> handler.running > 0).count();
  }

  @Override
  public String toString() {
    var lines = new StringJoiner(System.lineSeparator());
    var said = new StringJoiner(", ");
    said.add(
        "subscription to %s/%s as \"%s\" from %s".formatted(pubsub, topic, consumerId, source));
    if (!rules.isEmpty()) {
      said.add("routes "
          + rules.stream()
              .map(rule -> rule.match().isBlank()
                  ? "\"" + rule.path() + "\""
                  : "\"%s\" if %s".formatted(rule.path(), rule.match()))
              .collect(Collectors.joining("; ", "[", "]")));
    }
    if (deadLetterTopic != null) {
      said.add("dead letter topic \"%s\"".formatted(deadLetterTopic));
    }
    said.add(
        handlers.isEmpty()
            ? "nobody takes it"
            : "%d of %d handlers busy".formatted(busy(), handlers.size()));
    lines.add("  " + said);
    handlers.forEach(handler -> lines.add("    handler at " + handler));
    return lines.toString();
  }
}
