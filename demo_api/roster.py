"""The roster: the organisations of the demo and their first employees."""

from collections.abc import Mapping

#: Each organisation with its people, by name and title.
ROSTER: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Engineering": (
        ("Ada Lovelace", "Head of Engineering"),
        ("Akira Tanaka", "Database engineer"),
        ("Beatriz Carvalho", "Engineering manager"),
        ("Chidi Okonkwo", "Backend engineer"),
        ("Dana Weiss", "Security engineer"),
        ("Elif Öztürk", "Frontend engineer"),
        ("Farid Haddad", "Site reliability engineer"),
        ("Hanna Lindqvist", "Backend engineer"),
        ("Ivo Petrov", "Compiler engineer"),
        ("Jia Chen", "Data engineer"),
        ("Kofi Mensah", "Test engineer"),
        ("Lucía Fernández", "Mobile engineer"),
        ("Maya Iyer", "Machine learning engineer"),
        ("Noah Bergmann", "Apprentice"),
    ),
    "Finance": (
        ("Grace Hopper", "Head of Finance"),
        ("Amara Diallo", "Financial analyst"),
        ("Bruno Ricci", "Payroll specialist"),
        ("Camille Laurent", "Controller"),
        ("Daniel Novák", "Tax accountant"),
        ("Esther Goldberg", "Internal auditor"),
        ("Fatima Zahra", "Accounts payable clerk"),
        ("Gustav Holm", "Treasurer"),
        ("Hye-jin Park", "Budget analyst"),
        ("Isaac Mwangi", "Accounts receivable clerk"),
        ("Joana Pires", "Procurement specialist"),
    ),
    "People": (
        ("Aoife Byrne", "Head of People"),
        ("Carlos Mendoza", "Recruiter"),
        ("Divya Rao", "Learning and development lead"),
        ("Emil Sørensen", "People analyst"),
        ("Freya MacLeod", "Recruiter"),
        ("Goran Kovač", "Workplace coordinator"),
    ),
    "Sales": (
        ("Alejandra Ruiz", "Head of Sales"),
        ("Benjamin Fischer", "Account executive"),
        ("Chiara Romano", "Account executive"),
        ("Dmitri Volkov", "Sales engineer"),
        ("Erin Gallagher", "Customer success manager"),
        ("Felix Wagner", "Business development representative"),
        ("Giulia Conti", "Partner manager"),
        ("Hassan El-Sayed", "Account executive"),
        ("Ingrid Dahl", "Sales operations analyst"),
    ),
}
