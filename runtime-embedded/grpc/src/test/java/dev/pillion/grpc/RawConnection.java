// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Map;

/** A connection on which HTTP/2 is spoken by hand, as well or as badly as a test likes. */
final class RawConnection implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;

  private final Socket socket;

  RawConnection(int port) throws IOException {
    this.socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(30_000);
    socket.setTcpNoDelay(true);
  }

  record Frame(int type, byte[] payload) {
    /** The error code of a GOAWAY frame. */
    int errorCode() {
      return ByteBuffer.wrap(payload).getInt(4);
    }

    /** The text of a GOAWAY frame. */
    String text() {
      return new String(payload, 8, payload.length - 8, US_ASCII);
    }
  }

  void write(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void greet() throws IOException {
    write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
    frame(SETTINGS, 0, 0, new byte[0]);
  }

  void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    var frame = ByteBuffer.allocate(9 + payload.length)
        .put((byte) (payload.length >> 16))
        .putShort((short) payload.length)
        .put((byte) type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload);
    write(frame.array());
  }

  /** Begins a call, with headers as literals; names and values are shorter than 127. */
  void begin(int stream, String path) throws IOException {
    var block = new ByteArrayOutputStream();
    for (var header : Map.of(
            ":method", "POST", ":scheme", "http", ":path", path, ":authority", "localhost")
        .entrySet()) {
      literal(block, header.getKey(), header.getValue());
    }
    literal(block, "content-type", "application/grpc");
    literal(block, "te", "trailers");
    frame(HEADERS, 4, stream, block.toByteArray());
  }

  private static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    block.write(name.length());
    block.writeBytes(name.getBytes(US_ASCII));
    block.write(value.length());
    block.writeBytes(value.getBytes(US_ASCII));
  }

  /** The next frame; null when the server has closed the connection. */
  Frame read() throws IOException {
    var in = new DataInputStream(socket.getInputStream());
    try {
      int first = in.readInt();
      var type = first & 0xFF;
      in.readByte();
      in.readInt();
      return new Frame(type, in.readNBytes(first >>> 8));
    } catch (EOFException | SocketException e) {
      return null;
    }
  }

  /** Reads up to a frame of that type; null when the server closes the connection before. */
  Frame readUntil(int type) throws IOException {
    Frame frame = read();
    while (frame != null && frame.type != type) {
      frame = read();
    }
    return frame;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
