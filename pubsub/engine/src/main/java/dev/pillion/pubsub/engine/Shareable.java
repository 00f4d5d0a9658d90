// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.SubscribeOptions;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which subscriptions may share the events of a topic and group. As any of them may get any event,
 * what becomes of it must not depend on which.
 */
final class Shareable {
  private final String where;

  /** @param where the topic, for messages */
  Shareable(String where) {
    this.where = where;
  }

  /**
   * Refuses a handler that can't share with one that is there.
   *
   * @throws IllegalArgumentException naming both places
   */
  void require(Subscriber there, Subscriber other, PathHandler handler) {
    if (there == other) {
      return;
    }
    var theirs = there.options();
    var ours = other.options();
    // Which of the two is meant to have the events can't be known; a stream says that it is.
    boolean isStream = theirs.peer() != null || ours.peer() != null;
    if (!isStream && (theirs.app() == null) != (ours.app() == null)) {
      throw new IllegalArgumentException(
          "the %s has a handler of this program and a subscription of %s; give one of them a consumerId of its own"
              .formatted(where, theirs.app() == null ? ours.app() : theirs.app()));
    }
    if (there.isBulk() != other.isBulk()) {
      throw new IllegalArgumentException(
          "the %s has a bulk handler and one for single events, at %s and at %s; give one of them a consumerId of its own"
              .formatted(where, there.source(), handler.source()));
    }
    // An app's next subscription joins before its last one leaves; streams are each on their own,
    // as in Dapr.
    if (isOfProgram(theirs) && isOfProgram(ours)) {
      requireSame("dead letter topic", Shareable::deadLetters, there, other, handler);
      requireSame("routing", Shareable::routing, there, other, handler);
      requireSame(
          "subscription metadata",
          options -> new TreeMap<>(options.metadata()).toString(),
          there,
          other,
          handler);
      requireSame("size of batches", Shareable::batches, there, other, handler);
    }
  }

  private static boolean isOfProgram(SubscribeOptions options) {
    return options.app() == null && options.peer() == null;
  }

  private void requireSame(
      String what,
      Function<SubscribeOptions, String> of,
      Subscriber there,
      Subscriber other,
      PathHandler handler) {
    require(
        what,
        of.apply(there.options()),
        there.source(),
        of.apply(other.options()),
        handler.source());
  }

  /**
   * Refuses a handler that wants more at a time than the broker was asked for; one that wants less
   * has what it wants.
   *
   * @param first the handler with which the intake began
   * @throws IllegalArgumentException naming both places
   */
  void requireRoom(PathHandler first, PathHandler handler) {
    if (first.concurrency() != 0
        && handler.concurrency() > first.concurrency()
        && Objects.equals(first.path(), handler.path())) {
      require(
          "concurrency",
          String.valueOf(first.concurrency()),
          first.source(),
          String.valueOf(handler.concurrency()),
          handler.source());
    }
  }

  private void require(String what, String theirs, String at, String ours, String here) {
    if (!theirs.equals(ours)) {
      throw new IllegalArgumentException(
          "handlers of the %s contradict each other: the %s is %s at %s and %s at %s; they share its events, so let both say the same, or give one of them a consumerId of its own"
              .formatted(where, what, theirs, at, ours, here));
    }
  }

  private static String deadLetters(SubscribeOptions options) {
    return named(options.deadLetterTopic());
  }

  private static String named(@Nullable String topic) {
    return topic == null ? "none" : "\"" + topic + "\"";
  }

  private static String routing(SubscribeOptions options) {
    return options.rules().isEmpty()
        ? "none"
        : options.rules().stream()
            .map(rule -> rule.match().isBlank()
                ? "\"" + rule.path() + "\""
                : "\"%s\" if %s".formatted(rule.path(), rule.match()))
            .toList()
            .toString();
  }

  private static String batches(SubscribeOptions options) {
    var bulk = options.bulk();
    return bulk == null ? "none" : bulk.maxMessages() + " within " + bulk.maxAwait();
  }
}
