// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import dev.pillion.local.Local;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * Publishes and handles events without a broker: they are in a local database until they are
 * handled. Events without a key have no order.
 */
public final class EventsProgram {
  record Payment(String order, int cents) {}

  private EventsProgram() {}

  public static void main(String[] args) throws InterruptedException {
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .with(Local.in(Path.of("target", "data")))
        .start()) {
      var settled = new CountDownLatch(2);
      var failed = new CountDownLatch(1);

      runtime.subscribe("pubsub", "refused", Payment.class, payment -> {
        System.out.println("refused: " + payment);
        failed.countDown();
      });
      runtime.subscribe(
          "pubsub",
          "paid",
          Payment.class,
          SubscribeOptions.defaults().deadLetterTopic("refused"),
          (event, delivery) -> {
            var payment = event.requireData();
            if (payment.cents() <= 0) {
              return DeliveryResult.DROP;
            }
            System.out.println("settled: " + payment + ", an event of " + event.source());
            settled.countDown();
            return DeliveryResult.SUCCESS;
          });

      var paid = runtime.topic("pubsub", "paid");
      paid.publish(new Payment("42", 990));
      paid.publish(new Payment("43", 0));
      paid.publish(new Payment("44", 1_250), PublishOptions.defaults().partitionKey("alice"));
      settled.await();
      failed.await();

      runtime.topic("pubsub", "archive").publish("for whoever subscribes to the archive some day");
    }
  }
}
