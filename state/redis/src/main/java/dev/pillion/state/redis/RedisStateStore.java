// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.connections.redis.RedisConnector;
import dev.pillion.connections.redis.RedisSettings;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.state.spi.TransactionalStateStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state store {@code state.redis}, in Dapr's layout: one hash a key, with {@code data} and
 * {@code version}. The etag is the version.
 *
 * <p>A read is one command and a write one script, which judges condition and expiry with the
 * write; a transaction is one script too, all or nothing. Works with Redis 6.2 and later: a server,
 * the primary behind Sentinel, a Cluster. Thread-safe.
 */
public final class RedisStateStore implements TransactionalStateStore {
  private static final Logger LOG = LoggerFactory.getLogger(RedisStateStore.class);

  /**
   * Redis's own default of proto-max-bulk-len, beyond which it drops the connection that all share.
   */
  private static final int MAX_VALUE_SIZE = 512 * 1024 * 1024;

  private final RedisConnector connector;
  private final @Nullable Duration defaultTimeToLive;
  private volatile @Nullable Session session;

  private RedisStateStore(RedisConnector connector, @Nullable Duration defaultTimeToLive) {
    this.connector = connector;
    this.defaultTimeToLive = defaultTimeToLive;
  }

  /**
   * The store at a URI such as {@code redis://localhost}, with a client of its own.
   *
   * @throws IllegalArgumentException when it is no such URI
   * @see RedisSettings#at
   */
  public static RedisStateStore at(String uri) {
    return at(RedisSettings.at(uri));
  }

  /** The store where the settings lead, with a client of its own. */
  public static RedisStateStore at(RedisSettings settings) {
    return new RedisStateStore(RedisConnector.to(settings), null);
  }

  /**
   * The store behind a client, which is borrowed: the store makes its own connection and never
   * closes the client.
   */
  public static RedisStateStore on(RedisClient client) {
    return new RedisStateStore(RedisConnector.on(client), null);
  }

  /** The store in the Cluster behind a client, which is borrowed. */
  public static RedisStateStore on(RedisClusterClient client) {
    return new RedisStateStore(RedisConnector.on(client), null);
  }

  /**
   * The same store, not yet open, in which a value saved without a time to live goes after this
   * one.
   *
   * @throws IllegalArgumentException when shorter than a second
   */
  public RedisStateStore expireAfter(Duration timeToLive) {
    if (timeToLive.toSeconds() < 1 || timeToLive.toSeconds() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("a default time to live is from 1 to %d seconds, not %s"
          .formatted(Integer.MAX_VALUE, timeToLive));
    }
    return new RedisStateStore(connector, timeToLive);
  }

  @Override
  public void open(ComponentContext context) {
    var connection = connector.connect(context);
    try {
      session = new Session(connection, defaultTimeToLive, context);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
    LOG.info("state store \"{}\" is connected to Redis at {}", context.name(), connector);
  }

  @Override
  public String type() {
    return "state.redis";
  }

  @Override
  public void probe(Deadline deadline) {
    session().connection.ping(deadline);
  }

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    return session().reads.get(key, options, deadline);
  }

  @Override
  public BulkRead getAll(List<String> keys, ReadOptions options, Deadline deadline) {
    return session().reads.getAll(keys, options, deadline);
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    session().apply(change, deadline);
  }

  @Override
  public Map<Integer, BuildingBlockException> applyAll(
      List<StateChange> changes, Deadline deadline) {
    return session().applyAll(changes, deadline);
  }

  @Override
  public void transact(List<StateChange> changes, Deadline deadline) {
    session().transact(changes, deadline);
  }

  @Override
  public int maxValueSize() {
    return MAX_VALUE_SIZE;
  }

  @Override
  public void close() {
    var closing = session;
    session = null;
    if (closing != null) {
      closing.close();
    }
  }

  private Session session() {
    var open = session;
    if (open == null) {
      throw new IllegalStateException("the state store at %s is not open".formatted(connector));
    }
    return open;
  }

  /** Makes the store from a Component of type {@code state.redis}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "state.redis";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      int seconds = metadata.integer("ttlInSeconds", 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
      metadata.unsupported(
          "queryIndexes", "", "the query API is an alpha of Dapr's, and is not offered");
      return new RedisStateStore(
          RedisConnector.to(RedisSettings.read(metadata)),
          seconds > 0 ? Duration.ofSeconds(seconds) : null);
    }
  }
}
