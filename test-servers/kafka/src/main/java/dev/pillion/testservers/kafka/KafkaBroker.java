// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers.kafka;

import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import kafka.Kafka;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * One Kafka, broker and controller at once, until the process ends. What Kafka's two scripts do in
 * two JVMs, format and serve, happens in one here.
 *
 * <p>Arguments: the file server.properties, the cluster's id, and users of SCRAM as Kafka's
 * kafka-storage takes them.
 */
public final class KafkaBroker {
  private KafkaBroker() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
      properties.load(in);
    }
    List<String> users = List.of(arguments).subList(2, arguments.length);
    format(properties, arguments[1], users);
    Kafka.main(new String[] {arguments[0]});
  }

  private static void format(Properties properties, String clusterId, List<String> users)
      throws Exception {
    String directory = properties.getProperty("log.dirs");
    if (Files.exists(Path.of(directory, "meta.properties"))) {
      return;
    }
    new Formatter()
        .setPrintStream(System.out)
        .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
        .setClusterId(clusterId)
        .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
        .setControllerListenerName(properties.getProperty("controller.listener.names"))
        .setMetadataLogDirectory(directory)
        .addDirectory(directory)
        .setScramArguments(users)
        .run();
  }
}
