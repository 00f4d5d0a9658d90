// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A peer in a JVM of its own. */
final class PeerProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private PeerProcess(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts {@link #main} with these arguments. */
  static PeerProcess start(List<String> before, List<String> jvm, String... arguments)
      throws IOException {
    var command = new ArrayList<>(before);
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(jvm);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), PeerProcess.class.getName()));
    command.addAll(List.of(arguments));
    return new PeerProcess(new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  /** The next line that is meant for tests. */
  String said() throws IOException {
    for (var line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith("said ")) {
        return line.substring(5);
      }
    }
    return "ended";
  }

  /** Where it listens. */
  Peer peer() throws IOException {
    return new Peer("orders", "default", PeerAddress.parse(said()));
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  /** {@code serve PORT}, or {@code lossy}. */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("lossy")) {
      System.out.println("said " + LossyCalls.run());
      System.exit(0);
    }
    var peer = new TestPeer(
        GrpcPeers.onPort(Integer.parseInt(arguments[1])), "orders", (request, invocation) -> {
          if (request.method().equals("wait")) {
            System.out.println("said waiting");
            new CountDownLatch(1).await();
          }
          return echo(request);
        });
    System.out.println("said " + peer.address());
    while (System.in.read() >= 0) {
      // Until whoever started it has gone.
    }
    System.exit(0);
  }

  private static InvocationResponse echo(InvocationRequest request) {
    return new InvocationResponse(
        200, "", Map.of(), Map.of(), "", request.body().open());
  }

  /** So many bytes, each of which follows from its place. */
  static final class Counted extends InputStream {
    private final long size;
    private long at;

    Counted(long size) {
      this.size = size;
    }

    static byte at(long place) {
      return (byte) (place * 31 >>> 7);
    }

    @Override
    public int read() {
      return at == size ? -1 : at(at++) & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (at == size) {
        return -1;
      }
      int count = (int) Math.min(length, size - at);
      for (int i = 0; i < count; i++) {
        into[offset + i] = at(at + i);
      }
      at += count;
      return count;
    }
  }

  static InvocationRequest streamed(long size) {
    return new InvocationRequest("POST", "echo", "", Map.of(), "", Body.of(new Counted(size), -1));
  }
}
