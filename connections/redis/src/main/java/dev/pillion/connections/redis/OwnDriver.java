// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.component.ComponentContext;
import dev.pillion.connections.redis.RedisSettings.Address;
import dev.pillion.connections.redis.RedisSettings.Tls;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCredentialsProvider;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.event.DefaultEventPublisherOptions;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A client made for one component, with a few daemon threads named after the app id. */
final class OwnDriver implements Driver {
  /** The driver's smallest number, for each of its two pools; one connection uses one thread. */
  private static final int THREADS = 2;

  /** Commands on their way at once; above it they are refused. */
  static final int QUEUE = 32_768;

  private static final Logger LOG = LoggerFactory.getLogger(OwnDriver.class);

  private final RedisSettings settings;
  private final ClientResources resources;
  private final AbstractRedisClient client;

  OwnDriver(RedisSettings settings, ComponentContext context) {
    this.settings = settings;
    this.resources = resources(settings, context.appId() + "/redis/" + context.name());
    this.client = settings.isCluster() ? clusterClient() : serverClient();
  }

  private static ClientResources resources(RedisSettings settings, String threads) {
    return DefaultClientResources.builder()
        .ioThreadPoolSize(THREADS)
        .computationThreadPoolSize(THREADS)
        .threadFactoryProvider(pool -> new DefaultThreadFactory(threads + "/" + pool, true))
        .reconnectDelay(() -> Delay.exponential(
            settings.minReconnectDelay(), settings.maxReconnectDelay(), 2, TimeUnit.MILLISECONDS))
        .commandLatencyRecorder(CommandLatencyRecorder.disabled())
        .commandLatencyPublisherOptions(DefaultEventPublisherOptions.disabled())
        .build();
  }

  private RedisClient serverClient() {
    var made = RedisClient.create(resources);
    made.setOptions(options(ClientOptions.builder()).build());
    return made;
  }

  private RedisClusterClient clusterClient() {
    var made = RedisClusterClient.create(
        resources, settings.addresses().stream().map(this::nodeUri).toList());
    var options = ClusterClientOptions.builder(options(ClientOptions.builder()).build())
        .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
            .adaptiveRefreshTriggersTimeout(Duration.ofMillis(500))
            .refreshTriggersReconnectAttempts(2)
            .enablePeriodicRefresh(Duration.ofSeconds(30))
            .build())
        .build();
    made.setOptions(options);
    return made;
  }

  private ClientOptions.Builder options(ClientOptions.Builder builder) {
    return builder
        .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
        .requestQueueSize(QUEUE)
        .protocolVersion(ProtocolVersion.RESP2)
        .maintNotificationsConfig(MaintNotificationsConfig.disabled())
        .timeoutOptions(TimeoutOptions.create())
        .socketOptions(SocketOptions.builder()
            .connectTimeout(settings.connectTimeout())
            .keepAlive(true)
            .tcpNoDelay(true)
            .build())
        .sslOptions(sslOptions(settings.tls()));
  }

  private static SslOptions sslOptions(@Nullable Tls tls) {
    var builder = SslOptions.builder().jdkSslProvider();
    if (tls != null && tls.authorities() != null) {
      builder.trustManager(resource(tls.authorities()));
    }
    if (tls != null && tls.certificate() != null && tls.key() != null) {
      builder.keyManager(resource(tls.certificate()), resource(tls.key()), new char[0]);
    }
    return builder.build();
  }

  private static SslOptions.Resource resource(String pem) {
    return () -> new ByteArrayInputStream(pem.getBytes(UTF_8));
  }

  private RedisURI nodeUri(Address address) {
    return withSecurity(
        RedisURI.create(address.host(), address.port()), settings.user(), settings.database());
  }

  private RedisURI serverUri() {
    if (settings.primaryName() == null) {
      return nodeUri(settings.addresses().get(0));
    }
    var uri = new RedisURI();
    uri.setSentinelMasterId(settings.primaryName());
    for (Address address : settings.addresses()) {
      uri.getSentinels()
          .add(withSecurity(
              RedisURI.create(address.host(), address.port()), settings.sentinelUser(), 0));
    }
    return withSecurity(uri, settings.user(), settings.database());
  }

  private RedisURI withSecurity(
      RedisURI uri, @Nullable RedisCredentialsProvider user, int database) {
    uri.setTimeout(settings.connectTimeout());
    uri.setDatabase(settings.isCluster() ? 0 : database);
    if (user != null) {
      uri.setCredentialsProvider(user);
    }
    var tls = settings.tls();
    if (tls != null) {
      uri.setSsl(true);
      uri.setVerifyPeer(tls.verified() ? SslVerifyMode.FULL : SslVerifyMode.NONE);
    }
    return uri;
  }

  @Override
  public CompletionStage<? extends Link> connect() {
    if (client instanceof RedisClusterClient cluster) {
      return ClusterLink.open(cluster, settings.commandTimeout());
    }
    return ((RedisClient) client)
        .connectAsync(ByteArrayCodec.INSTANCE, serverUri())
        .thenApply(connection ->
            new ServerLink(connection, settings.commandTimeout(), settings.toString()));
  }

  @Override
  public void close() {
    // Without a quiet period this ends within milliseconds.
    client.shutdown(0, 1, TimeUnit.SECONDS);
    if (!resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS)) {
      LOG.warn("the threads of the connection to Redis at {} have not ended yet", settings);
    }
  }
}
