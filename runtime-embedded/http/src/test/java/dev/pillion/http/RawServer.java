// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A program that says exactly what a test has it say, byte by byte. */
final class RawServer implements AutoCloseable {
  /** One connection, from its first byte. */
  @FunctionalInterface
  interface Script {
    void talk(Connection connection) throws IOException;
  }

  private final ServerSocket socket;
  private final Script script;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Thread acceptor;

  /** The heads of all requests, in the order they came. */
  final Queue<String> heads = new ConcurrentLinkedQueue<>();

  RawServer(Script script) throws IOException {
    this(0, script);
  }

  RawServer(int port, Script script) throws IOException {
    this.socket = new ServerSocket();
    this.socket.setReuseAddress(true);
    this.socket.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    this.script = script;
    this.acceptor = daemon(this::accept);
  }

  /** Answers each request of each connection with the same bytes. */
  static RawServer answering(String answer) throws IOException {
    return answering(0, answer);
  }

  static RawServer answering(int port, String answer) throws IOException {
    return new RawServer(port, connection -> {
      while (!connection.head().isEmpty()) {
        connection.write(answer);
      }
    });
  }

  int port() {
    return socket.getLocalPort();
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "raw-server");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void accept() {
    while (true) {
      try {
        var accepted = socket.accept();
        open.add(accepted);
        daemon(() -> serve(accepted));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket accepted) {
    try (accepted) {
      var connection = new Connection(accepted);
      if (connection.speaks()) {
        script.talk(connection);
      }
    } catch (IOException e) {
      // The other side has gone, or the test is over.
    } finally {
      open.remove(accepted);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    try {
      // The system goes on taking connections until the thread that waits for one has woken.
      acceptor.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (var one : open) {
      one.close();
    }
  }

  final class Connection {
    final InputStream in;
    final OutputStream out;

    Connection(Socket accepted) throws IOException {
      this.in = new BufferedInputStream(accepted.getInputStream());
      this.out = accepted.getOutputStream();
    }

    /** Who only looks whether the port is taken says nothing. */
    private boolean speaks() throws IOException {
      in.mark(1);
      int first = in.read();
      in.reset();
      return first >= 0;
    }

    /** The next request without its body, empty when there is none. */
    String head() throws IOException {
      var head = new ByteArrayOutputStream();
      while (!endsHead(head)) {
        int letter = in.read();
        if (letter < 0) {
          return "";
        }
        head.write(letter);
      }
      var text = head.toString(StandardCharsets.UTF_8);
      heads.add(text);
      return text;
    }

    private boolean endsHead(ByteArrayOutputStream head) {
      int size = head.size();
      return size >= 4 && head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n");
    }

    String body(int length) throws IOException {
      return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    void write(String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }
}
