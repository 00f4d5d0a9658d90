// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The directory of one Kafka: its settings, its data, and the program's arguments.
 *
 * @param directory holds all of it
 * @param clusterId by which we know it from another server on the same port
 * @param adminPort where it asks nobody for anything
 * @param arguments of the program
 */
record KafkaFiles(Path directory, String clusterId, int adminPort, List<String> arguments) {
  private static final String SECURITY = "org.apache.kafka.common.security.";

  /** One node has one copy of everything, and no reason to wait for others. */
  private static final Map<String, String> SINGLE_NODE = Map.ofEntries(
      Map.entry("process.roles", "broker,controller"),
      Map.entry("node.id", "1"),
      Map.entry("controller.listener.names", "CONTROLLER"),
      Map.entry("inter.broker.listener.name", "ADMIN"),
      Map.entry("offsets.topic.replication.factor", "1"),
      Map.entry("offsets.topic.num.partitions", "1"),
      Map.entry("transaction.state.log.replication.factor", "1"),
      Map.entry("transaction.state.log.num.partitions", "1"),
      Map.entry("transaction.state.log.min.isr", "1"),
      Map.entry("share.coordinator.state.topic.replication.factor", "1"),
      Map.entry("share.coordinator.state.topic.num.partitions", "1"),
      Map.entry("share.coordinator.state.topic.min.isr", "1"),
      Map.entry("group.initial.rebalance.delay.ms", "0"),
      // After a crash the controller waits for the old broker's session to end.
      Map.entry("broker.session.timeout.ms", "3000"),
      Map.entry("broker.heartbeat.interval.ms", "500"),
      Map.entry("num.network.threads", "1"),
      Map.entry("num.io.threads", "2"),
      Map.entry("log.cleaner.enable", "false"));

  static KafkaFiles write(KafkaOptions options, int port) {
    Path directory = Leftovers.newDirectory("kafka-" + port);
    int adminPort = Ports.free();
    Properties properties = new Properties();
    properties.putAll(SINGLE_NODE);
    properties.setProperty("log.dirs", directory.resolve("data").toString());
    listeners(properties, options, port, adminPort, Ports.free());
    tls(properties, options);
    sasl(properties, options);
    properties.putAll(options.settings());
    Path file = directory.resolve("server.properties");
    try (Writer out = Files.newBufferedWriter(file)) {
      properties.store(out, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String clusterId = newClusterId();
    List<String> arguments = new ArrayList<>(List.of(file.toString(), clusterId));
    options.users().forEach((name, password) -> {
      for (String mechanism : List.of("SCRAM-SHA-256", "SCRAM-SHA-512")) {
        arguments.add(mechanism + "=[name=" + name + ",password=" + password + "]");
      }
    });
    return new KafkaFiles(directory, clusterId, adminPort, arguments);
  }

  private static void listeners(
      Properties properties, KafkaOptions options, int port, int adminPort, int controllerPort) {
    String controller = Ports.HOST + ":" + controllerPort;
    String client = "CLIENT://" + Ports.HOST + ":";
    String admin = ",ADMIN://" + Ports.HOST + ":" + adminPort;
    String protocol = (options.users().isEmpty() ? "" : "SASL_")
        + (options.certificate().isPresent() ? "SSL" : "PLAINTEXT");
    properties.setProperty("controller.quorum.voters", "1@" + controller);
    properties.setProperty("listeners", client + port + admin + ",CONTROLLER://" + controller);
    properties.setProperty(
        "advertised.listeners", client + options.advertisedPort().orElse(port) + admin);
    properties.setProperty(
        "listener.security.protocol.map",
        "CLIENT:" + protocol + ",ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT");
  }

  private static void tls(Properties properties, KafkaOptions options) {
    options.certificate().ifPresent(certificate -> {
      String name = "listener.name.client.ssl.";
      properties.setProperty(name + "keystore.type", "PEM");
      properties.setProperty(
          name + "keystore.certificate.chain", text(certificate.certificateFile()));
      properties.setProperty(name + "keystore.key", text(certificate.keyFile()));
      properties.setProperty(name + "truststore.type", "PEM");
      properties.setProperty(name + "truststore.certificates", text(certificate.certificateFile()));
      properties.setProperty(
          name + "client.auth", options.clientCertificate() ? "required" : "requested");
    });
  }

  private static void sasl(Properties properties, KafkaOptions options) {
    if (options.users().isEmpty()) {
      return;
    }
    String name = "listener.name.client.";
    properties.setProperty(
        name + "sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER");
    String users = options.users().entrySet().stream()
        .map(user -> " user_" + user.getKey() + "=\"" + user.getValue() + "\"")
        .collect(Collectors.joining());
    properties.setProperty(
        name + "plain.sasl.jaas.config",
        SECURITY + "plain.PlainLoginModule required" + users + ";");
    for (String mechanism : List.of("scram-sha-256", "scram-sha-512")) {
      properties.setProperty(
          name + mechanism + ".sasl.jaas.config", SECURITY + "scram.ScramLoginModule required;");
    }
    properties.setProperty(
        name + "oauthbearer.sasl.jaas.config",
        SECURITY + "oauthbearer.OAuthBearerLoginModule required;");
  }

  /** Kafka's own form of one: the sixteen bytes of a UUID, in base 64. */
  private static String newClusterId() {
    UUID id = UUID.randomUUID();
    byte[] bytes = ByteBuffer.allocate(16)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
