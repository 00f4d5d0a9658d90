// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How to subscribe. Immutable: each method returns another object. */
public final class SubscribeOptions {
  private static final SubscribeOptions DEFAULTS =
      new SubscribeOptions(List.of(), null, null, null, 0, null, null, Map.of(), null, null);

  private final List<Rule> rules;
  private final @Nullable String otherwise;
  private final @Nullable String deadLetterTopic;
  private final @Nullable String consumerId;
  private final int concurrency;
  private final @Nullable Bulk bulk;
  private final @Nullable String path;
  private final Map<String, String> metadata;
  private final @Nullable String app;
  private final @Nullable String peer;

  /**
   * A routing rule.
   *
   * @param match a condition on {@code event}, in the language of {@code pillion-cel}; empty for
   *     always
   * @param path where events that match go
   */
  public record Rule(String match, String path) {}

  /**
   * How many events are handed over at a time.
   *
   * @param maxMessages at most so many; 0 for the component's own default, 100 unless it has one
   * @param maxAwait waits so long for them from the first one on; zero for the component's own
   *     default, 1 s unless it has one
   */
  public record Bulk(int maxMessages, Duration maxAwait) {}

  private SubscribeOptions(
      List<Rule> rules,
      @Nullable String otherwise,
      @Nullable String deadLetterTopic,
      @Nullable String consumerId,
      int concurrency,
      @Nullable Bulk bulk,
      @Nullable String path,
      Map<String, String> metadata,
      @Nullable String app,
      @Nullable String peer) {
    this.rules = rules;
    this.otherwise = otherwise;
    this.deadLetterTopic = deadLetterTopic;
    this.consumerId = consumerId;
    this.concurrency = concurrency;
    this.bulk = bulk;
    this.path = path;
    this.metadata = metadata;
    this.app = app;
    this.peer = peer;
  }

  /**
   * What the subscription resources of the runtime say about the topic, where there are any, and
   * every event to the handler otherwise.
   */
  public static SubscribeOptions defaults() {
    return DEFAULTS;
  }

  /**
   * One more routing rule: events that match, and no earlier rule, have this {@link Delivery#path}.
   * Events that match no rule are dropped, unless {@link #otherwise} says where they go.
   */
  public SubscribeOptions route(String match, String to) {
    var more = new ArrayList<>(rules);
    more.add(new Rule(match, to));
    return new SubscribeOptions(
        List.copyOf(more),
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        bulk,
        path,
        metadata,
        app,
        peer);
  }

  /** The path of events that match no rule, wherever it is said. */
  public SubscribeOptions otherwise(String to) {
    return new SubscribeOptions(
        rules, to, deadLetterTopic, consumerId, concurrency, bulk, path, metadata, app, peer);
  }

  /**
   * Only events that the subscription resource's routes send to this path. Its other settings come
   * from the resource, too.
   */
  public SubscribeOptions onPath(String only) {
    return new SubscribeOptions(
        rules,
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        bulk,
        only,
        metadata,
        app,
        peer);
  }

  /**
   * Where events go that were dropped, or that no attempt has brought to success.
   *
   * @throws IllegalArgumentException when the name is empty
   */
  public SubscribeOptions deadLetterTopic(String topic) {
    if (topic.isEmpty()) {
      throw new IllegalArgumentException(
          "a dead letter topic can't be without a name, no broker would take its events; name one, or leave it out");
    }
    return new SubscribeOptions(
        rules, otherwise, topic, consumerId, concurrency, bulk, path, metadata, app, peer);
  }

  /** The group that shares the topic's events; the component's {@code consumerID} unless set. */
  public SubscribeOptions consumerId(String id) {
    return new SubscribeOptions(
        rules, otherwise, deadLetterTopic, id, concurrency, bulk, path, metadata, app, peer);
  }

  /**
   * How many events the handler has at a time, at most; the component's own limit unless set.
   *
   * @throws IllegalArgumentException when below one
   */
  public SubscribeOptions concurrency(int most) {
    if (most < 1) {
      throw new IllegalArgumentException("a concurrency of " + most + " would handle nothing");
    }
    return new SubscribeOptions(
        rules, otherwise, deadLetterTopic, consumerId, most, bulk, path, metadata, app, peer);
  }

  /** How many events a bulk handler is given at a time, and how long it waits for them. */
  public SubscribeOptions bulk(int maxMessages, Duration maxAwait) {
    return new SubscribeOptions(
        rules,
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        new Bulk(Math.max(0, maxMessages), maxAwait.isNegative() ? Duration.ZERO : maxAwait),
        path,
        metadata,
        app,
        peer);
  }

  /** Messages are no events: the handler gets their bytes as data ({@code rawPayload}). */
  public SubscribeOptions raw() {
    return metadata("rawPayload", "true");
  }

  /** These options with one more entry of subscription metadata. */
  public SubscribeOptions metadata(String name, String value) {
    return metadata(Map.of(name, value));
  }

  /** These options with more entries of subscription metadata. */
  public SubscribeOptions metadata(Map<String, String> entries) {
    var all = new TreeMap<>(metadata);
    all.putAll(entries);
    return new SubscribeOptions(
        rules,
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        bulk,
        path,
        Map.copyOf(all),
        app,
        peer);
  }

  /**
   * The subscription is made for a program beside this one, which is named so in messages; it does
   * not share a topic with handlers of this program.
   */
  public SubscribeOptions forApp(String name) {
    return new SubscribeOptions(
        rules,
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        bulk,
        path,
        metadata,
        name,
        peer);
  }

  /**
   * The subscription is made for a peer, such as a stream, that is named so in messages and
   * descriptions. It shares its group's events whatever the options of others are.
   */
  public SubscribeOptions forPeer(String name) {
    return new SubscribeOptions(
        rules,
        otherwise,
        deadLetterTopic,
        consumerId,
        concurrency,
        bulk,
        path,
        metadata,
        app,
        name);
  }

  /** The routing rules in order, that of {@link #otherwise} last; unmodifiable. */
  public List<Rule> rules() {
    if (otherwise == null) {
      return rules;
    }
    var all = new ArrayList<>(rules);
    all.add(new Rule("", otherwise));
    return List.copyOf(all);
  }

  /** The dead letter topic; null for none. */
  public @Nullable String deadLetterTopic() {
    return deadLetterTopic;
  }

  /** The group; null for the component's own. */
  public @Nullable String consumerId() {
    return consumerId;
  }

  /** How many events at a time; 0 for the component's own limit. */
  public int concurrency() {
    return concurrency;
  }

  /** The size of batches; null when not set. */
  public @Nullable Bulk bulk() {
    return bulk;
  }

  /** The only path the handler is for; null for all. */
  public @Nullable String onPath() {
    return path;
  }

  /** The subscription metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The program beside this one that the subscription is made for; null for none. */
  public @Nullable String app() {
    return app;
  }

  /** The peer the subscription is made for; null for none. */
  public @Nullable String peer() {
    return peer;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SubscribeOptions that
        && rules().equals(that.rules())
        && Objects.equals(deadLetterTopic, that.deadLetterTopic)
        && Objects.equals(consumerId, that.consumerId)
        && concurrency == that.concurrency
        && Objects.equals(bulk, that.bulk)
        && Objects.equals(path, that.path)
        && metadata.equals(that.metadata)
        && Objects.equals(app, that.app)
        && Objects.equals(peer, that.peer);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        rules(), deadLetterTopic, consumerId, concurrency, bulk, path, metadata, app, peer);
  }

  @Override
  public String toString() {
    var text = new StringJoiner(", ").setEmptyValue("defaults");
    if (!rules().isEmpty()) {
      text.add("rules " + rules());
    }
    if (deadLetterTopic != null) {
      text.add("dead letter topic " + deadLetterTopic);
    }
    if (consumerId != null) {
      text.add("consumer id " + consumerId);
    }
    if (concurrency > 0) {
      text.add("concurrency " + concurrency);
    }
    if (bulk != null) {
      text.add("bulk of " + bulk.maxMessages() + " within " + bulk.maxAwait());
    }
    if (path != null) {
      text.add("on path " + path);
    }
    if (!metadata.isEmpty()) {
      text.add("metadata " + new TreeMap<>(metadata));
    }
    if (app != null) {
      text.add("for " + app);
    }
    if (peer != null) {
      text.add("for " + peer);
    }
    return text.toString();
  }
}
