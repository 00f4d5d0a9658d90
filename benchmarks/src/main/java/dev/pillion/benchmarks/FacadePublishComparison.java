// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.redis.RedisPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.RedisServer;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.PublishEventRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * Publishing through the facade beside a bare grpc-java server with the same body: one that answers
 * at once, and one that hands the same envelope to Redis by a raw XADD first.
 */
final class FacadePublishComparison {
  private static final String TOPIC = "facade-events";
  private static final double MAX_ADDED_MICROS = 10;

  private FacadePublishComparison() {}

  static void run(Results results) throws Exception {
    var executor = Executors.newCachedThreadPool(task -> {
      var thread = new Thread(task, "bare");
      thread.setDaemon(true);
      return thread;
    });
    var facade = GrpcFacade.onPort(0);
    try (var server = RedisServer.start()) {
      var client = RedisClient.create(server.uri().toString());
      try (var raw = client.connect(ByteArrayCodec.INSTANCE);
          var runtime = EmbeddedRuntime.builder(Values.APP)
              .component("memory", InMemoryPubSub.create())
              .component("redis", RedisPubSub.at(server.uri().toString()))
              .with(facade)
              .start()) {
        // So that the event in memory goes somewhere.
        var registration =
            runtime.subscribe("memory", TOPIC, byte[].class, FacadePublishComparison::handle);
        var bare = NettyServerBuilder.forAddress(FacadeComparison.loopback())
            .executor(executor)
            .addService(new Bare(raw.async()))
            .build()
            .start();
        var ours = FacadeComparison.channel(facade.port());
        var theirs = FacadeComparison.channel(bare.getPort());
        try {
          compare(results, "in memory", "memory", "bare unary", ours, theirs);
          compare(results, "to Redis", "redis", "bare unary that does a raw XADD", ours, theirs);
        } finally {
          ours.shutdownNow();
          theirs.shutdownNow();
          bare.shutdownNow();
          registration.close();
        }
      } finally {
        client.shutdown();
      }
    } finally {
      executor.shutdownNow();
    }
  }

  private static void handle(byte[] data) {}

  private static void compare(
      Results results,
      String where,
      String pubsub,
      String beside,
      ManagedChannel ours,
      ManagedChannel theirs)
      throws Exception {
    var request = PublishEventRequest.newBuilder()
        .setPubsubName(pubsub)
        .setTopic(TOPIC)
        .setData(ByteString.copyFrom(PlainEnvelope.JSON))
        .setDataContentType("application/json")
        .build();
    var facade = DaprGrpc.newBlockingStub(ours);
    var bare = DaprGrpc.newBlockingStub(theirs);
    for (int threads : new int[] {1, 8}) {
      var c = new PairedRounds(threads, 16, 600)
          .compare(
              (thread, count) -> facade.publishEvent(request),
              (thread, count) -> bare.publishEvent(request));
      var what = "facade PublishEvent of 1 KB " + where + ", " + threads
          + (threads == 1 ? " caller" : " callers");
      results.add(Row.reported(
          "R13",
          what + ", throughput",
          Results.perSecond(c.oursPerSecond()),
          Results.perSecond(c.theirsPerSecond()) + " " + beside,
          c.throughput().toString()));
      double added = c.oursP50Micros() - c.theirsP50Micros();
      if (threads == 1) {
        results.add(new Row(
            "R13",
            what + ", p50",
            Results.micros(c.oursP50Micros()),
            Results.micros(c.theirsP50Micros()) + " " + beside,
            String.format(Locale.ROOT, "%+.2f µs", added),
            "at most +10 µs",
            added <= MAX_ADDED_MICROS));
      }
      results.add(Row.reported(
          "R13",
          what + ", p99",
          Results.micros(c.oursP99Micros()),
          Results.micros(c.theirsP99Micros()) + " " + beside,
          String.format(Locale.ROOT, "%+.2f µs", c.oursP99Micros() - c.theirsP99Micros())));
    }
  }

  private static final class Bare extends DaprGrpc.DaprImplBase {
    private static final byte[] STREAM = "bare-events".getBytes(StandardCharsets.UTF_8);
    private static final byte[] DATA = "data".getBytes(StandardCharsets.UTF_8);

    private final RedisAsyncCommands<byte[], byte[]> redis;

    Bare(RedisAsyncCommands<byte[], byte[]> redis) {
      this.redis = redis;
    }

    @Override
    public void publishEvent(PublishEventRequest request, StreamObserver<Empty> answer) {
      try {
        if (request.getPubsubName().equals("redis")) {
          var event = PlainEnvelope.write(request.getTopic(), request.getData().toByteArray());
          redis.xadd(STREAM, Map.of(DATA, event)).get();
        }
        answer.onNext(Empty.getDefaultInstance());
        answer.onCompleted();
      } catch (Exception e) {
        answer.onError(Status.INTERNAL.withCause(e).asRuntimeException());
      }
    }
  }
}
