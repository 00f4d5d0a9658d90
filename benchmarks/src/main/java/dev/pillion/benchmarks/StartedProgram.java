// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.grpc.GrpcFacade;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.redis.RedisStateStore;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.lettuce.core.RedisClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** The programs that {@link StartComparison} starts. Prints what it measured of itself and ends. */
public final class StartedProgram {
  private static final long IDLE_SECONDS = 10;

  private StartedProgram() {}

  /** Which program, and where Redis is. */
  public static void main(String[] args) throws Exception {
    long begun = System.nanoTime();
    Runnable end =
        switch (args[0]) {
          case "memory" -> memory();
          case "embedded" -> embedded(args[1]);
          default -> bare(args[1]);
        };
    System.out.println("millis=" + (System.nanoTime() - begun) / 1e6);
    if (!args[0].equals("memory")) {
      System.gc();
      long before = cpuTicks();
      Thread.sleep(IDLE_SECONDS * 1_000);
      // Linux counts 100 ticks a second.
      System.out.println("idlePercent=" + (cpuTicks() - before) / (double) IDLE_SECONDS);
      System.out.println("rssMiB=" + residentKib() / 1024.0);
    }
    end.run();
    System.exit(0);
  }

  private static Runnable memory() {
    var runtime = EmbeddedRuntime.builder("start")
        .component("memory", new InMemoryStateStore())
        .start();
    runtime.state("memory");
    return runtime::close;
  }

  private static Runnable embedded(String redis) {
    var runtime = EmbeddedRuntime.builder("start")
        .component("redis", RedisStateStore.at(redis))
        .with(GrpcFacade.onPort(0))
        .start();
    runtime.state("redis");
    return runtime::close;
  }

  /** What the drivers alone take: connect and bind side by side. */
  private static Runnable bare(String redis) throws Exception {
    var bound = CompletableFuture.supplyAsync(() -> {
      try {
        return NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new DaprGrpc.DaprImplBase() {})
            .build()
            .start();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    });
    var client = RedisClient.create(redis);
    var connection = client.connect();
    connection.sync().ping();
    var server = bound.get();
    return () -> {
      server.shutdownNow();
      connection.close();
      client.shutdown();
    };
  }

  /** What this JVM has run so far, in hundredths of a second. */
  static long cpuTicks() throws IOException {
    var stat = Files.readString(Path.of("/proc/self/stat"));
    var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  private static long residentKib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return 0;
  }
}
