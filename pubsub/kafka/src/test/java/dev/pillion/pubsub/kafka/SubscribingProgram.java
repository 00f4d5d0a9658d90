// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A program in a JVM of its own that handles the numbers of a topic, with three attempts and a dead
 * letter topic. It prints {@code took process}, {@code begin number attempt} and {@code end
 * number}, and halts at one number.
 */
final class SubscribingProgram {
  private SubscribingProgram() {}

  /** Arguments: brokers, topic, group, the number that halts it, milliseconds a handler takes. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) throws InterruptedException {
    int poison = Integer.parseInt(arguments[3]);
    long nanos = Duration.ofMillis(Long.parseLong(arguments[4])).toNanos();
    long process = ProcessHandle.current().pid();
    var component = KafkaPubSub.at(KafkaSettings.of(Map.of(
        "bootstrap.servers",
        arguments[0],
        "auto.offset.reset",
        "earliest",
        "session.timeout.ms",
        2_000,
        "heartbeat.interval.ms",
        300)));
    try (var runtime = EmbeddedRuntime.builder("program")
        .component("bus", component)
        .resiliency(Resiliency.builder()
            .retry("three", RetryPolicy.constant(Duration.ofMillis(10)).maxRetries(2))
            .component("bus", Target.withRetry("three"), Target.withoutPolicies())
            .build())
        .start()) {
      runtime.subscribe(
          "bus",
          arguments[1],
          Integer.class,
          SubscribeOptions.defaults()
              .consumerId(arguments[2])
              .deadLetterTopic(arguments[1] + "-dead"),
          (event, delivery) -> {
            int number = event.data();
            System.out.println("took " + process);
            System.out.println("begin " + number + " " + delivery.attempt());
            System.out.flush();
            if (number == poison) {
              Runtime.getRuntime().halt(3);
            }
            LockSupport.parkNanos(nanos);
            System.out.println("end " + number);
            System.out.flush();
            return DeliveryResult.SUCCESS;
          });
      runtime.awaitShutdown();
    }
  }

  /** Starts it; what it prints is added to the file. */
  static Process start(TestBus bus, Path output, int poison, int millis) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx200m",
            "-cp",
            System.getProperty("java.class.path"),
            SubscribingProgram.class.getName(),
            bus.brokers,
            bus.topic,
            bus.group,
            Integer.toString(poison),
            Integer.toString(millis))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
        .start();
  }
}
