// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One client's connection through a {@link FaultProxy}: one thread takes requests over, one takes
 * replies in, one delivers them.
 */
final class ProxiedConnection {
  private static final int CHUNK = 8_192;
  private static final int MOST_HELD = 4_096;

  private final FaultProxy proxy;
  private final Socket client;
  private final Socket server;
  private final BlockingQueue<Reply> replies = new ArrayBlockingQueue<>(MOST_HELD);
  private final AtomicInteger directionsOpen = new AtomicInteger(2);
  private final List<Thread> threads;
  private volatile boolean lossy;

  /** A piece of a reply; an empty one is the end of the stream. */
  private record Reply(ByteBuffer bytes, FaultProxy.HeldUntil until) {}

  /** One direction's work. */
  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  ProxiedConnection(FaultProxy proxy, Socket client, Socket server) {
    this.proxy = proxy;
    this.client = client;
    this.server = server;
    this.threads = List.of(
        proxy.thread("requests", () -> run(this::forwardRequests)),
        proxy.thread("replies", () -> run(this::takeReplies)),
        proxy.thread("delivery", () -> run(this::deliverReplies)));
  }

  void start() {
    threads.forEach(Thread::start);
  }

  void markLossy() {
    lossy = true;
  }

  boolean isLossy() {
    return lossy;
  }

  /** Ends both sides with a TCP reset; may be called again. */
  void reset() {
    reset(client);
    reset(server);
    threads.forEach(Thread::interrupt);
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      // It is closed already, which is what was wanted.
    }
  }

  private void forwardRequests() throws IOException {
    InputStream in = client.getInputStream();
    OutputStream out = server.getOutputStream();
    byte[] chunk = new byte[CHUNK];
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      if (proxy.passes(this, false, n)) {
        out.write(chunk, 0, n);
      }
    }
    if (proxy.passes(this, false, 0)) {
      server.shutdownOutput();
      directionEnded();
    }
  }

  private void takeReplies() throws IOException, InterruptedException {
    InputStream in = server.getInputStream();
    byte[] chunk = new byte[CHUNK];
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      replies.put(new Reply(ByteBuffer.wrap(Arrays.copyOf(chunk, n)), proxy.due()));
    }
    replies.put(new Reply(ByteBuffer.allocate(0), proxy.due()));
  }

  private void deliverReplies() throws IOException, InterruptedException {
    OutputStream out = client.getOutputStream();
    for (Reply reply = replies.take(); reply.bytes().hasRemaining(); reply = replies.take()) {
      proxy.hold(reply.until());
      if (proxy.passes(this, true, reply.bytes().remaining())) {
        out.write(reply.bytes().array());
      }
    }
    if (proxy.passes(this, true, 0)) {
      client.shutdownOutput();
      directionEnded();
    }
  }

  private void directionEnded() throws IOException {
    if (directionsOpen.decrementAndGet() == 0) {
      client.close();
      server.close();
      proxy.ended(this);
    }
  }

  private void run(Work work) {
    try {
      work.run();
    } catch (IOException | InterruptedException e) {
      reset(); // One side broke off; the other shall see it too.
      proxy.ended(this);
    }
  }
}
