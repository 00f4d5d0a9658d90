// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Kafka in a JVM of its own, so that none of its jars is on the tests' class path: the artifact
 * pillion-test-servers-kafka holds our main class and the list of where Maven put the jars.
 */
final class KafkaProgram {
  private static final String FOLDER = "dev/pillion/testservers/kafka/";
  private static final String MAIN = "dev.pillion.testservers.kafka.KafkaBroker";
  private static final String DEFAULT_IMAGE = "apache/kafka:4.3.1";
  private static final List<String> SMALL = List.of(
      "-Xms64m",
      "-Xmx256m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-XX:+ExitOnOutOfMemoryError",
      "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
      "-Dorg.slf4j.simpleLogger.showDateTime=true",
      "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS");

  private KafkaProgram() {}

  /** The broker's jars; empty if they are not all there. */
  static Optional<List<String>> jars() {
    try (InputStream in = resource("class-path")) {
      if (in == null) {
        return Optional.empty();
      }
      String written = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
      List<String> jars = Arrays.asList(written.split(File.pathSeparator));
      return jars.stream().map(Path::of).allMatch(Files::isReadable)
          ? Optional.of(jars)
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ServerProcess process(Backend backend, KafkaFiles files) {
    Path main = writeMain(files.directory());
    if (backend == Backend.DOCKER) {
      String image = Environment.variable("test.kafka.image").orElse(DEFAULT_IMAGE);
      List<String> command = command("java", main + ":/opt/kafka/libs/*", files);
      return new DockerProcess(image, command, files.directory(), Map.of());
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> path = new ArrayList<>(jars().orElseThrow());
    path.add(main.toString());
    return new LocalProcess(
        command(java, String.join(File.pathSeparator, path), files), files.directory());
  }

  private static List<String> command(String java, String classPath, KafkaFiles files) {
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(SMALL);
    command.addAll(List.of("-cp", classPath, MAIN));
    command.addAll(files.arguments());
    return command;
  }

  /** Our one class alone, where a container sees it too. */
  private static Path writeMain(Path directory) {
    Path classes = directory.resolve("classes");
    try (InputStream in = resource("KafkaBroker.class")) {
      if (in == null) {
        throw new IllegalStateException("pillion-test-servers-kafka lacks its class " + MAIN);
      }
      Files.createDirectories(classes.resolve(FOLDER));
      Files.copy(in, classes.resolve(FOLDER + "KafkaBroker.class"));
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static @Nullable InputStream resource(String name) {
    return KafkaProgram.class.getClassLoader().getResourceAsStream(FOLDER + name);
  }
}
