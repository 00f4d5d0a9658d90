// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * As much of Kafka's protocol as looking after a broker takes, so that tests without Kafka carry no
 * client of it. One request a connection.
 */
final class KafkaWire {
  private static final int METADATA = 3;
  private static final int CREATE_TOPICS = 19;
  private static final int VERSION = 4;
  private static final int NONE = 0;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final String host;
  private final int port;

  KafkaWire(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Which cluster this is, how many brokers of it serve, and how many partitions have a leader. */
  record Cluster(String id, int brokers, Map<String, Integer> leaders) {}

  Cluster describe(String... topics) throws IOException {
    DataInputStream in = call(METADATA, Duration.ofSeconds(2), out -> {
      out.writeInt(topics.length);
      for (String topic : topics) {
        text(out, topic);
      }
      out.writeBoolean(false); // do not create them
    });
    in.readInt(); // throttled for
    int brokers = in.readInt();
    for (int i = 0; i < brokers; i++) {
      in.readInt();
      text(in);
      in.readInt();
      text(in);
    }
    String id = text(in);
    in.readInt(); // controller
    Map<String, Integer> leaders = new HashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      in.readShort();
      String topic = text(in);
      in.readBoolean();
      leaders.put(topic, led(in));
    }
    return new Cluster(id, brokers, leaders);
  }

  void createTopic(String name, int partitions) throws IOException {
    DataInputStream in = call(CREATE_TOPICS, TIMEOUT, out -> {
      out.writeInt(1);
      text(out, name);
      out.writeInt(partitions);
      out.writeShort(-1); // as many copies as the broker makes by itself
      out.writeInt(0); // assignments
      out.writeInt(0); // configs
      out.writeInt((int) TIMEOUT.toMillis());
      out.writeBoolean(false); // not only validate
    });
    in.readInt(); // throttled for
    in.readInt(); // the one topic
    text(in);
    int error = in.readShort();
    String message = text(in);
    if (error != NONE) {
      throw new IllegalStateException("cannot create topic \"" + name + "\" on Kafka at " + host
          + ":" + port + ": error " + error + ", " + message);
    }
  }

  private static int led(DataInputStream in) throws IOException {
    int led = 0;
    for (int left = in.readInt(); left > 0; left--) {
      int error = in.readShort();
      in.readInt(); // partition
      int leader = in.readInt();
      led += error == NONE && leader >= 0 ? 1 : 0;
      in.skipNBytes(4L * in.readInt()); // replicas
      in.skipNBytes(4L * in.readInt()); // those in sync
    }
    return led;
  }

  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private DataInputStream call(int api, Duration timeout, Body body) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(request);
    fields.writeShort(api);
    fields.writeShort(VERSION);
    fields.writeInt(1); // correlation
    text(fields, "pillion-test-servers");
    body.writeTo(fields);
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
      socket.setSoTimeout((int) timeout.toMillis());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeInt(request.size());
      request.writeTo(out);
      out.flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = in.readNBytes(in.readInt());
      return new DataInputStream(new ByteArrayInputStream(answer, 4, answer.length));
    }
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeShort(bytes.length);
    out.write(bytes);
  }

  /** An absent text reads as an empty one. */
  private static String text(DataInputStream in) throws IOException {
    int length = in.readShort();
    return length < 0 ? "" : new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }
}
