// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on a free port of 127.0.0.1 that makes the faults of a network. Healthy at first; a
 * fault lasts until {@link #heal()}. No fault ever corrupts a stream: a connection of which bytes
 * were swallowed is reset when the proxy heals. Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
  private static final int CONNECT_MILLIS = 5_000;

  private enum State {
    HEALTHY,
    CUT,
    STALLED,
    REPLIES_STALLED,
    CLOSED
  }

  private final String targetHost;
  private final int targetPort;
  private final int port;
  private final AtomicLong requestBytes = new AtomicLong();
  private final AtomicLong replyBytes = new AtomicLong();
  private final AtomicLong accepted = new AtomicLong();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<ProxiedConnection> connections = new LinkedHashSet<>(); // guarded by lock
  private State state = State.HEALTHY; // guarded by lock
  private Duration delay = Duration.ZERO; // guarded by lock
  private long healings; // guarded by lock
  private @Nullable Listener listener; // guarded by lock

  /** A socket, and the thread that accepts from it. */
  private record Listener(ServerSocket socket, Thread acceptor) {}

  private FaultProxy(String targetHost, int targetPort) {
    this.targetHost = targetHost;
    this.targetPort = targetPort;
    this.port = Ports.free();
  }

  /** Starts a healthy proxy; the server behind it need not run yet. */
  public static FaultProxy to(String host, int port) {
    FaultProxy proxy = new FaultProxy(host, port);
    proxy.locked(proxy::listen);
    return proxy;
  }

  public String host() {
    return Ports.HOST;
  }

  public int port() {
    return port;
  }

  /** Resets all connections and refuses new ones. */
  public void cut() {
    locked(() -> {
      enter(State.CUT);
      stopListening();
      resetAll(List.copyOf(connections));
    });
  }

  /**
   * Swallows all bytes of both directions; new connections are accepted and get no answer. Nothing
   * sent from now on reaches the server.
   */
  public void stall() {
    locked(() -> enter(State.STALLED));
  }

  /**
   * Swallows replies only: the server does what it is told, and the client does not learn of it.
   */
  public void stallReplies() {
    locked(() -> enter(State.REPLIES_STALLED));
  }

  /** Holds each reply back for this long; replies stay in order, and requests pass at once. */
  public void delay(Duration delay) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("delay is " + delay + "; it must not be negative");
    }
    locked(() -> {
      this.delay = delay;
      changed.signalAll();
    });
  }

  /**
   * Ends every fault: resets the connections that have lost bytes, delivers held replies, accepts
   * new connections.
   */
  public void heal() {
    locked(() -> {
      delay = Duration.ZERO;
      healings++;
      enter(State.HEALTHY);
      resetAll(connections.stream().filter(ProxiedConnection::isLossy).toList());
      if (listener == null) {
        listen();
      }
    });
  }

  /** Bytes that clients sent and the server was given. */
  public long requestBytes() {
    return requestBytes.get();
  }

  /** Bytes that the server sent and clients were given. */
  public long replyBytes() {
    return replyBytes.get();
  }

  /** How many connections were accepted since the start. */
  public long accepted() {
    return accepted.get();
  }

  /** Resets all connections and gives the port back; may be called again. */
  @Override
  public void close() {
    locked(() -> {
      state = State.CLOSED;
      changed.signalAll();
      stopListening();
      resetAll(List.copyOf(connections));
    });
  }

  /**
   * Whether bytes of this direction go through now; if not, the connection is marked as having lost
   * some.
   */
  boolean passes(ProxiedConnection connection, boolean reply, int bytes) {
    lock.lock();
    try {
      boolean passes = state == State.HEALTHY || (state == State.REPLIES_STALLED && !reply);
      if (passes) {
        (reply ? replyBytes : requestBytes).addAndGet(bytes);
      } else {
        connection.markLossy();
      }
      return passes;
    } finally {
      lock.unlock();
    }
  }

  /** When a reply that came just now is to be delivered. */
  HeldUntil due() {
    lock.lock();
    try {
      return new HeldUntil(System.nanoTime() + delay.toNanos(), healings);
    } finally {
      lock.unlock();
    }
  }

  void hold(HeldUntil until) throws InterruptedException {
    lock.lock();
    try {
      long left = until.nanos() - System.nanoTime();
      while (left > 0 && healings == until.healings() && state != State.CLOSED) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  void ended(ProxiedConnection connection) {
    locked(() -> connections.remove(connection));
  }

  /** A moment, or the next healing if that comes first. */
  record HeldUntil(long nanos, long healings) {}

  private void enter(State next) {
    if (state == State.CLOSED) {
      throw new IllegalStateException(this + " is closed");
    }
    state = next;
    changed.signalAll();
  }

  private void listen() {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(Ports.loopback(port));
      Thread acceptor = thread("accept", () -> accept(socket));
      listener = new Listener(socket, acceptor);
      acceptor.start();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot listen on port " + port, e);
    }
  }

  private void accept(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        thread("connect", () -> connect(client)).start();
      } catch (IOException e) {
        return; // The listener was closed by cut() or close().
      }
    }
  }

  private void connect(Socket client) {
    accepted.incrementAndGet();
    Socket server = new Socket();
    ProxiedConnection connection = new ProxiedConnection(this, client, server);
    locked(() -> connections.add(connection));
    try {
      if (refuses()) {
        throw new IOException("cut while it was accepted");
      }
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      server.connect(new InetSocketAddress(targetHost, targetPort), CONNECT_MILLIS);
      connection.start();
    } catch (IOException e) {
      connection
          .reset(); // Nobody serves there, or we were cut; either way the client is to see it.
      ended(connection);
    }
  }

  private boolean refuses() {
    lock.lock();
    try {
      return state == State.CUT || state == State.CLOSED;
    } finally {
      lock.unlock();
    }
  }

  Thread thread(String role, Runnable work) {
    Thread thread = new Thread(work, "fault-proxy-" + port + "-" + role);
    thread.setDaemon(true);
    return thread;
  }

  private void stopListening() {
    Listener stopping = listener;
    listener = null;
    if (stopping != null) {
      try {
        stopping.socket().close();
        // The system goes on taking connections until the thread that waits for one has woken.
        stopping.acceptor().join();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void resetAll(List<ProxiedConnection> victims) {
    victims.forEach(ProxiedConnection::reset);
    victims.forEach(connections::remove);
  }

  private void locked(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "fault proxy on port " + port + " to " + targetHost + ":" + targetPort;
  }
}
