from hypothesis import given
from hypothesis import strategies as st

from dms_load_test.generators.draws import dice
from dms_load_test.generators.households import contacts_of, household_of_contact, household_of_student, link, links_of


@given(st.integers(), st.text(max_size=20), st.integers(0, 2**40))
def test_a_roll_is_64_bits_and_the_same_each_time(seed, stream, number):
    assert dice(seed, stream)(number) == dice(seed, stream)(number)
    assert 0 <= dice(seed, stream)(number) < 2**64


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_every_bit_is_set_about_half_of_the_time(seed, first):
    roll = dice(seed, "bits")
    rolls = [roll(first + number) for number in range(2000)]

    assert all(800 < sum(bits >> place & 1 for bits in rolls) < 1200 for place in range(64))


@given(st.integers(0, 2**32))
def test_streams_and_neighbouring_seeds_are_unlike_one_another(seed):
    rolls = {dice(seed, "a")(1), dice(seed, "b")(1), dice(seed + 1, "a")(1), dice(seed, "a")(2)}

    assert len(rolls) == 4


def test_a_known_roll_is_the_same_in_every_python():
    assert dice(1, "students")(0) == 0x81F119CCE0F6952


@given(st.integers(1, 500))
def test_links_join_each_student_with_all_contacts_of_the_household_and_with_no_other(students):
    contacts = range(contacts_of(students))
    links = {link(number) for number in range(links_of(students))}

    assert links == {
        (student, contact)
        for student in range(students)
        for contact in contacts
        if household_of_contact(contact)[0] == household_of_student(student)
    }
    assert {contact for _, contact in links} == set(contacts)
    assert len(links) == links_of(students)
