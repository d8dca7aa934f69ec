//! Typical questions about real flights.

use std::cmp::Reverse;

use serenytics::prelude::*;

use crate::rows::Flights;
use crate::{Run, distinct, grouped, largest, mean, smallest};

pub async fn run(run: &Run) {
    totals(run).await;
    carriers(run).await;
    routes(run).await;
    times(run).await;
    single_flights(run).await;
}

/// The number of some rows.
fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap()
}

async fn totals(run: &Run) {
    let flights = &run.flights;
    let late: Vec<_> = flights.iter().filter(|flight| flight.dep_delay.is_some_and(|delay| delay > 60)).collect();
    let q = query! {
        from Flights where dep_delay > 60
        select count() as late, avg(arr_delay), dcount(carrier), sum(distance), max(air_time)
    };
    run.in_order(
        q,
        |row| (row.late, row.avg_arr_delay, row.dcount_carrier, row.sum_distance, row.max_air_time),
        [(
            count(&late),
            mean(late.iter().filter_map(|flight| flight.arr_delay.map(f64::from))),
            distinct(late.iter().map(|flight| &flight.carrier)),
            Some(late.iter().map(|flight| i64::from(flight.distance)).sum::<i64>()),
            largest(late.iter().filter_map(|flight| flight.air_time)),
        )],
    )
    .await;
    let unknown = flights.iter().filter(|flight| flight.tailnum.is_none()).count();
    let q = query! { from Flights where tailnum is_not_defined select count(), dcount(tailnum), min(tailnum) };
    run.in_order(
        q,
        |row| (row.count, row.dcount_tailnum, row.min_tailnum),
        [(i64::try_from(unknown).unwrap(), 0, None)],
    )
    .await;
    let q = query! { from Flights select dcount(tailnum), dcount(dest), min(time_hour), max(time_hour) as last };
    run.in_order(
        q,
        |row| (row.dcount_tailnum, row.dcount_dest, row.min_time_hour, row.last),
        [(
            distinct(flights.iter().filter_map(|flight| flight.tailnum.as_ref())),
            distinct(flights.iter().map(|flight| &flight.dest)),
            smallest(flights.iter().map(|flight| flight.time_hour)),
            largest(flights.iter().map(|flight| flight.time_hour)),
        )],
    )
    .await;
}

async fn carriers(run: &Run) {
    let mut carriers: Vec<_> = grouped(&run.flights, |flight| flight.carrier.clone())
        .into_iter()
        .map(|(carrier, rows)| {
            let delays = || rows.iter().filter_map(|flight| flight.dep_delay);
            let miles: i64 = rows.iter().map(|flight| i64::from(flight.distance)).sum();
            (carrier, count(&rows), mean(delays().map(f64::from)), smallest(delays()), miles)
        })
        .collect();
    carriers.sort_by_key(|(carrier, flights, ..)| (Reverse(*flights), carrier.clone()));
    let q = query! {
        from Flights
        group_by carrier
        select count() as flights, avg(dep_delay) as delay, min(dep_delay), sum(distance) as miles
        order_by flights desc, carrier
    };
    run.in_order(q, |row| (row.carrier, row.flights, row.delay, row.min_dep_delay, row.miles), carriers.clone()).await;
    let shown = 5;
    let q = query! {
        from Flights group_by carrier select sum(distance) as miles order_by miles desc, carrier limit {shown}
    };
    carriers.sort_by_key(|(carrier, .., miles)| (Reverse(*miles), carrier.clone()));
    let expected = carriers.into_iter().take(shown).map(|(carrier, .., miles)| (carrier, miles));
    run.in_order(q, |row| (row.carrier, row.miles), expected).await;
}

async fn routes(run: &Run) {
    let airports = ["JFK", "LGA"];
    let carrier: Option<&str> = None;
    let flown = run.flights.iter().filter(|flight| {
        airports.contains(&&*flight.origin) && !["BOS", "DCA"].contains(&&*flight.dest) && flight.air_time.is_some()
    });
    let mut routes: Vec<_> = grouped(flown, |flight| (flight.origin.clone(), flight.dest.clone()))
        .into_iter()
        .map(|((origin, dest), rows)| {
            let longest = largest(rows.iter().filter_map(|flight| flight.air_time));
            (origin, dest, count(&rows), longest, distinct(rows.iter().map(|flight| flight.flight)))
        })
        .collect();
    routes.sort_by_key(|(origin, dest, flights, ..)| (Reverse(*flights), dest.clone(), Reverse(origin.clone())));
    let q = query! {
        from Flights
        where origin in {airports}, dest !in ["BOS", "DCA"], air_time is_defined, carrier == {carrier}?
        group_by origin, dest
        select count(), max(air_time) as longest, dcount(flight)
        order_by count desc, dest, origin desc
        limit {airports.len() * 10}
    };
    run.in_order(
        q,
        |row| (row.origin, row.dest, row.count, row.longest, row.dcount_flight),
        routes.into_iter().take(20),
    )
    .await;
    let q = query! { from Flights where distance > 2000, origin != "EWR" group_by dest };
    let far = run.flights.iter().filter(|flight| flight.distance > 2000 && flight.origin != "EWR");
    run.in_any_order(q, |row| row.dest, grouped(far, |flight| flight.dest.clone()).into_iter().map(|(dest, _)| dest))
        .await;
}

async fn times(run: &Run) {
    let mut hours: Vec<_> = grouped(&run.flights, |flight| (flight.time_hour.date(), flight.hour))
        .into_iter()
        .map(|((date, hour), rows)| {
            let delays = rows.iter().filter_map(|flight| flight.dep_delay.map(i64::from));
            (Some(date), hour, count(&rows), delays.reduce(|sum, delay| sum + delay))
        })
        .collect();
    hours.sort_unstable();
    let q = query! {
        from Flights
        group_by day(time_hour) as day, hour
        select count(), sum(dep_delay)
        order_by day, hour
    };
    run.in_order(q, |row| (row.day.start().map(|start| start.date()), row.hour, row.count, row.sum_dep_delay), hours)
        .await;
    let mut weekdays: Vec<_> = grouped(run.flights.iter().filter(|flight| flight.time_hour.day() <= 2), |flight| {
        (flight.time_hour.date().weekday().to_monday_one_offset(), flight.origin.clone())
    })
    .into_iter()
    .map(|((weekday, origin), rows)| (Some(i64::from(weekday)), origin, count(&rows)))
    .collect();
    weekdays.sort_by(|one, other| other.cmp(one));
    let q = query! {
        from Flights
        where time_hour < "2013-01-03"
        group_by weekday(time_hour), origin
        select count()
        order_by weekday(time_hour) desc, origin desc
    };
    run.in_order(q, |row| (row.weekday_time_hour.number(), row.origin, row.count), weekdays).await;
}

async fn single_flights(run: &Run) {
    let mut longest: Vec<_> = run
        .flights
        .iter()
        .filter(|flight| flight.air_time.is_some_and(|time| time >= 300.5) && flight.tailnum.is_some())
        .map(|flight| (flight.air_time, flight.flight, flight.carrier.clone(), flight.dep_delay))
        .collect();
    longest.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap().then(one.1.cmp(&other.1)));
    let q = query! {
        from Flights
        where air_time >= 300.5, tailnum is_not_empty
        select carrier, flight, dep_delay, air_time
        order_by air_time desc, flight, time_hour
    };
    run.in_order(q, |row| (row.air_time, row.flight, row.carrier, row.dep_delay), longest).await;
    let wanted = [1545, 1714, 1141];
    let q = query! { from Flights where flight in {wanted}, time_hour <= "2013-01-01T10:00:00Z" select flight, tailnum, dest };
    let first: DateTime = "2013-01-01T10:00:00".parse().unwrap();
    let expected = run.flights.iter().filter(|flight| wanted.contains(&flight.flight) && flight.time_hour <= first);
    let expected = expected.map(|flight| (flight.flight, flight.tailnum.clone(), flight.dest.clone()));
    run.in_any_order(q, |row| (row.flight, row.tailnum, row.dest), expected).await;
}
