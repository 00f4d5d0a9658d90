// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.component.ComponentContext;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.ByteArrayCodec;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Opens connections, with a client of its own that is made from settings and closed with the
 * connection, or with a client that is borrowed and stays open. Immutable.
 */
public final class RedisConnector {
  private static final String BORROWED = "a borrowed client's server";

  private final Function<ComponentContext, Driver> driver;
  private final String server;

  private RedisConnector(Function<ComponentContext, Driver> driver, String server) {
    this.driver = driver;
    this.server = server;
  }

  /** Connects as the settings say, with a client of its own. */
  public static RedisConnector to(RedisSettings settings) {
    return new RedisConnector(context -> new OwnDriver(settings, context), settings.toString());
  }

  /**
   * Connects with a borrowed client, to the URI the client was created with. The client's own
   * options hold: what it does with commands while disconnected, how it reconnects, its timeout,
   * which also bounds connecting.
   */
  public static RedisConnector on(RedisClient client) {
    return borrowed(() -> {
      var connection = client.connect(ByteArrayCodec.INSTANCE);
      return CompletableFuture.completedFuture(
          new ServerLink(connection, connection.getTimeout(), BORROWED));
    });
  }

  /** Connects with a borrowed client to a Cluster, as {@link #on(RedisClient)} does. */
  public static RedisConnector on(RedisClusterClient client) {
    return borrowed(() -> ClusterLink.open(client, null));
  }

  private static RedisConnector borrowed(Supplier<CompletionStage<? extends Link>> connect) {
    var driver = new Driver() {
      @Override
      public CompletionStage<? extends Link> connect() {
        return connect.get();
      }

      @Override
      public void close() {
        // It is somebody else's.
      }
    };
    return new RedisConnector(context -> driver, BORROWED);
  }

  /**
   * Connects.
   *
   * @throws dev.pillion.ComponentException when there is no connection by the context's deadline or
   *     the connect timeout; nothing stays open then
   */
  public RedisConnection connect(ComponentContext context) {
    var made = driver.apply(context);
    try {
      return RedisConnection.open(made, server, context.deadline(), context.time());
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /** Where it leads, without secrets. */
  @Override
  public String toString() {
    return server;
  }
}
