// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks just enough of Redis's protocol to start, steer and check servers. Not
 * thread-safe.
 */
final class RespConnection implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private RespConnection(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.out = new BufferedOutputStream(socket.getOutputStream());
  }

  static RespConnection open(String host, int port) throws IOException {
    return open(host, port, Optional.empty());
  }

  static RespConnection open(String host, int port, Optional<SSLSocketFactory> tls)
      throws IOException {
    return open(host, port, tls, TIMEOUT);
  }

  static RespConnection open(
      String host, int port, Optional<SSLSocketFactory> tls, Duration timeout) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
      socket.setSoTimeout((int) timeout.toMillis());
      socket.setTcpNoDelay(true);
      return new RespConnection(
          tls.isPresent() ? tls.get().createSocket(socket, host, port, true) : socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** The reply as String, Long, List or null; an error reply is thrown. */
  @Nullable
  Object call(String... command) {
    try {
      send(command);
      Object reply = read();
      if (reply instanceof ErrorReply error) {
        throw error;
      }
      return reply;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String text(String... command) {
    return String.valueOf(call(command));
  }

  List<String> texts(String... command) {
    List<String> texts = new ArrayList<>();
    if (call(command) instanceof List<?> list) {
      list.forEach(element -> texts.add(String.valueOf(element)));
    }
    return texts;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void send(String... command) throws IOException {
    out.write(("*" + command.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
    for (String argument : command) {
      byte[] bytes = argument.getBytes(StandardCharsets.UTF_8);
      out.write(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(bytes);
      out.write('\r');
      out.write('\n');
    }
    out.flush();
  }

  private @Nullable Object read() throws IOException {
    int type = in.read();
    String line = line();
    if (type == '+') {
      return line;
    } else if (type == '-') {
      return new ErrorReply(line);
    } else if (type == ':') {
      return Long.valueOf(line);
    } else if (type == '$') {
      return bulk(Integer.parseInt(line));
    } else if (type == '*') {
      return array(Integer.parseInt(line));
    }
    throw new EOFException(
        type < 0 ? "the server closed the connection" : "not RESP: " + (char) type + line);
  }

  private @Nullable String bulk(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    byte[] bytes = in.readNBytes(length);
    line();
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private @Nullable List<@Nullable Object> array(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    List<@Nullable Object> elements = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      elements.add(read());
    }
    return elements;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  /** What the server answered instead of a value. */
  static final class ErrorReply extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    ErrorReply(String message) {
      super(message);
    }
  }
}
