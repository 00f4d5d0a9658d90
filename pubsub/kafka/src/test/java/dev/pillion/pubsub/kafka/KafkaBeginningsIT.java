// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.connections.kafka.KafkaSettings;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testservers.KafkaServer;
import dev.pillion.testservers.RealServers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where a group begins by default, and goes on when what it had to read is gone. */
@ExtendWith(RealServers.class)
@Timeout(200)
class KafkaBeginningsIT {
  private TestBus bus;
  private CapturedLog log;

  @BeforeEach
  void open(KafkaServer kafka) throws Exception {
    bus = new TestBus(kafka.bootstrap(), 2);
    log = new CapturedLog(TopicIntake.class.getPackageName());
  }

  @AfterEach
  void close() throws Exception {
    log.close();
    bus.close();
  }

  private static void until(ThrowingCallable holds) {
    await().atMost(TestBus.PATIENCE).untilAsserted(holds::call);
  }

  private void send(int partition, int from, int to) throws Exception {
    for (int i = from; i < to; i++) {
      bus.send(partition, "m" + i);
    }
  }

  private static List<String> texts(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "m" + i).toList();
  }

  /** Handles and commits ten messages of a partition, and leaves. */
  private void tenAreDone(int partition) throws Exception {
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, Recorder.acknowledging());
    until(() -> assertThat(bus.committed(partition)).isZero());
    send(partition, 0, 10);
    until(() -> assertThat(bus.committed(partition)).isEqualTo(10));
    component.close();
  }

  @Test
  void aNewGroupBeginsWithWhatComesNextAndCommitsThatPlaceAtOnce() throws Exception {
    send(0, 0, 10);
    var recorder = Recorder.acknowledging();
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, recorder);
    until(() -> assertThat(bus.committed(0)).isEqualTo(10));
    until(() -> assertThat(bus.committed(1)).isZero());

    send(0, 10, 12);

    until(() -> assertThat(recorder.texts()).containsExactly("m10", "m11"));
    assertThat(component.lostToRetention()).isZero();
    assertThat(log.warnings()).isEmpty();
  }

  @Test
  void retentionThatPassedWhatIsCommittedTakesOnlyWhatItRemoved() throws Exception {
    tenAreDone(0);
    send(0, 10, 30);
    bus.removeBefore(0, 15);
    var recorder = Recorder.acknowledging();
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, recorder);

    until(() -> assertThat(recorder.texts()).containsExactlyElementsOf(texts(15, 30)));
    until(() -> assertThat(bus.committed(0)).isEqualTo(30));
    assertThat(component.lostToRetention()).isEqualTo(5);
    assertThat(log.warnings())
        .singleElement()
        .asString()
        .contains(bus.topic + "-0 goes on at 15", "5 messages, from offset 10 to 14");
  }

  @Test
  void retentionThatLeftNothingIsSaidOnceAndNotAgainByTheNextProcess() throws Exception {
    tenAreDone(1);
    send(1, 10, 30);
    bus.removeBefore(1, 30);
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, Recorder.acknowledging());
    until(() -> assertThat(bus.committed(1)).isEqualTo(30));
    assertThat(component.lostToRetention()).isEqualTo(20);
    component.close();
    var recorder = Recorder.acknowledging();
    var next = bus.open(bus.byDefault());
    bus.subscribe(next, recorder);

    send(1, 30, 31);

    until(() -> assertThat(recorder.texts()).containsExactly("m30"));
    assertThat(next.lostToRetention()).isZero();
    assertThat(log.warnings()).hasSize(1);
  }

  @Test
  void aTopicThatWasMadeAnewWithLessWhileNobodyReadItIsReadFromItsBeginning() throws Exception {
    tenAreDone(0);
    bus.deleteTopic(bus.topic);
    bus.createTopicAnew(2);
    bus.send(0, "new0");
    bus.send(0, "new1");
    var recorder = Recorder.acknowledging();
    // Deleting a topic takes what groups have committed of it along: what a tool has put back.
    bus.commit(0, 10);
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, recorder);

    until(() -> assertThat(recorder.texts()).containsExactly("new0", "new1"));
    until(() -> assertThat(bus.committed(0)).isEqualTo(2));
    assertThat(log.warnings())
        .singleElement()
        .asString()
        .contains(bus.topic + "-0 begins anew at 0");
    assertThat(component.lostToRetention()).isZero();
  }

  @Test
  void retentionThatOvertakesTheGroupWhileItReadsTakesOnlyWhatItRemoved() throws Exception {
    var mayEnd = new CountDownLatch(1);
    var recorder = new Recorder(message -> {
      try {
        mayEnd.await(60, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return Disposition.ACKNOWLEDGE;
    });
    var component = bus.open(bus.byDefault());
    bus.subscribe(component, recorder);
    until(() -> assertThat(bus.committed(0)).isZero());
    // More than is held here and in Kafka's client.
    var filling = "x".repeat(8_000);
    for (int i = 0; i < 1_000; i++) {
      bus.send(0, i + "." + filling);
    }
    until(() -> assertThat(recorder.seen).hasSize(1));
    bus.removeBefore(0, 900);
    mayEnd.countDown();

    until(() -> assertThat(bus.committed(0)).isEqualTo(1_000));
    var numbers = new ArrayList<Integer>();
    recorder.texts().forEach(text -> numbers.add(Integer.parseInt(text.split("\\.")[0])));
    int held = (int) numbers.stream().filter(number -> number < 900).count();
    assertThat(held).isBetween(1, 899);
    assertThat(numbers)
        .containsExactlyElementsOf(
            IntStream.concat(IntStream.range(0, held), IntStream.range(900, 1_000))
                .boxed()
                .toList());
    assertThat(component.lostToRetention()).isEqualTo(900 - held);
    assertThat(log.warnings()).singleElement().asString().contains("goes on at 900");
    System.out.printf("[retention] %d were held, %d lost%n", held, 900 - held);
  }

  @Test
  void theSameHoldsWhereBrokersDealOutThePartitions() throws Exception {
    send(0, 0, 20);
    send(1, 0, 20);
    bus.commit(0, 3);
    bus.removeBefore(0, 7);
    var recorder = Recorder.acknowledging();
    var component = bus.open(KafkaPubSub.at(
        KafkaSettings.of(Map.of("bootstrap.servers", bus.brokers, "group.protocol", "consumer"))));
    bus.subscribe(component, recorder);

    until(() -> assertThat(recorder.texts()).containsExactlyElementsOf(texts(7, 20)));
    until(() -> assertThat(bus.committed(0)).isEqualTo(20));
    until(() -> assertThat(bus.committed(1)).isEqualTo(20));
    assertThat(component.lostToRetention()).isEqualTo(4);
    assertThat(log.warnings()).singleElement().asString().contains("from offset 3 to 6");
  }
}
